"""The audit: who did what, to which customer or key, when, and with which result."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Action = Literal[
    "read-profile", "search-customers", "export", "erase", "merge", "import", "restore", "sign-in", "sign-out",
    "add-key", "change-key", "remove-key", "save-rule", "remove-rule",
    "save-experiment", "remove-experiment", "download-refused",
]  # fmt: skip
Result = Literal["done", "not-found", "failed"]

LOCAL = "local"
"""The actor of a request that needed no key, as the shop has none. No key may have this name."""
COMMAND_LINE = "command line"
THE_QUEUE = "the queue"
A_BROWSER = "a browser"
THE_APP = "the app"
"""The actor of what the application does by itself."""
THE_SETTINGS = "the settings"
"""The actor of a change of `API_KEYS`. Names of keys have no blanks, so no key is taken for one of these actors."""


class Act(Struct, frozen=True, kw_only=True):
    """What somebody does, for the audit to keep; `actor` is the name of an API key, or one of the actors above.

    An act concerns a customer, a named thing such as a key, a rule or an experiment, or nothing in particular. Of
    `customer_id` only a keyed hash is stored; `name` is stored as it is, so it must not be personal.
    """

    actor: str
    action: Action
    customer_id: str | None = None
    name: str | None = None
    result: Result = "done"


class AuditEntry(Struct, frozen=True, kw_only=True):
    """A stored act; entries are ordered by `entry_id`.

    `subject` is the keyed hash of a customer's id (64 hexadecimal digits), the name of a key, or None. `action` and
    `outcome` are text, because another release may have written them.
    """

    entry_id: str
    at: datetime
    actor: str
    action: str
    subject: str | None
    outcome: str


class AuditQuery(Struct, frozen=True, kw_only=True):
    """Which entries to read: the newest `limit` of those that match all that is set; `before` is the id of a newer entry."""

    customer_id: str | None = None
    action: Action | None = None
    actor: str | None = None
    since: datetime | None = None
    before: str | None = None
    limit: int = 100
