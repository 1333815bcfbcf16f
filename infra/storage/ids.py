"""Random ids for records that the shop sends without one."""

import secrets


def new_id() -> str:
    """Return 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)
