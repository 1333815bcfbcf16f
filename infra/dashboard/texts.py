"""The texts of the dashboard, all in one file: `languages/en.json`. Another language is another file."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import Markup

LANGUAGE = "en"
_FOLDER = Path(__file__).with_name("languages")


@cache
def all_texts() -> Mapping[str, Mapping[str, str]]:
    """Return the texts by page and name."""
    return msgspec.json.decode((_FOLDER / f"{LANGUAGE}.json").read_bytes(), type=dict[str, dict[str, str]])


def text(key: str, /, **values: Any) -> Markup:
    """Return a text, named `page.text`, as HTML; what fills its gaps is escaped.

    With `n`, a key that ends in `_one` replaces the text for 1.
    """
    page, _, name = key.partition(".")
    texts = all_texts()[page]
    found = texts.get(f"{name}_one") if values.get("n") == 1 else None
    # Texts of the project may have markup; `format` of Markup escapes values.
    return Markup(found or texts[name]).format(**values)  # noqa: S704


def has_text(key: str) -> bool:
    page, _, name = key.partition(".")
    return name in all_texts()[page]


def plain(key: str, /, **values: Any) -> str:
    """Return a text without markup, for what is stored or escaped later."""
    page, _, name = key.partition(".")
    return all_texts()[page][name].format(**values)
