"""Tell customer ids from what systems write where there is no customer."""

from collections.abc import Collection
from typing import Any

_NOBODY = frozenset(
    {
        *(
            "",
            "null",
            "(null)",
            "<null>",
            "na",
            "n/a",
            "#n/a",
            "<na>",
            "nan",
            "none",
            "nil",
            "undefined",
            "unknown",
            "(not set)",
        ),
        *(
            "guest",
            "guests",
            "guest user",
            "guest customer",
            "guest checkout",
            "anonymous",
            "anonymous user",
            "anon",
            "visitor",
        ),
        *("0", "0.0", "-1", "-1.0", "-", "--", "—", ".", "?", "\\n", "00000000-0000-0000-0000-000000000000"),
    }
)  # "\\n" is \N, which databases write for NULL


def is_no_customer(value: Any, nulls: Collection[str] = ()) -> bool:
    """Return whether a value stands for nobody, in any case; `nulls` are further such values, in small letters."""
    if value is None:
        return True
    text = " ".join(str(value).lower().split())
    return text in _NOBODY or text in nulls
