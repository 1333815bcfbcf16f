"""What is wrong with a whole file, in one sentence for the user.

ConfigurationError
├── FileUnreadable    missing, a directory, not permitted, changed while it was read: exit code 1
└── NotUnderstood     another kind of content, damaged or cut, without rows: nothing is stored, exit code 4
"""

from domain.errors import ConfigurationError


class FileUnreadable(ConfigurationError):
    pass


class NotUnderstood(ConfigurationError):
    pass
