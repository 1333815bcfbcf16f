"""Read categories: our form has the levels joined by "/", the top one first."""

import html
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

_ARROWS = re.compile("->|=>|::|»|\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}|>")
_CODE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
"""Words of code, such as electronics.smartphone."""


def category_separator(values: Iterable[Any]) -> Literal["."] | None:
    """Return "." if a column writes levels as in `electronics.smartphone`, else None.

    It does if some value has such dots, and every value without another separator is in small letters without blanks.
    """
    has_dots = False
    for value in values:
        text = value.strip() if isinstance(value, str) else ""
        if not text or "/" in text or "|" in text or _ARROWS.search(text):
            continue
        if not _CODE.fullmatch(text) or text != text.lower():
            return None
        has_dots = has_dots or "." in text
    return "." if has_dots else None


def category_path(text: str, separator: str | None, roots: Collection[str] = ()) -> str:
    """Return a category in our form, "" if it has no level.

    `separator` is that of a format. None: the first of > (also ->, =>, ::, »), | and / that the text has. ".": the same,
    else a dot. Blanks around levels and empty levels are dropped, and a "/" inside a level becomes "-", since it separates
    our levels. A first level in `roots`, which a shop system puts above all others, is dropped.
    """
    text = html.unescape(text)
    levels = [" ".join(part.replace("/", "-").split()) for part in _parts(text, separator)]
    levels = [level for level in levels if level]
    return "/".join(levels[1:] if levels and levels[0] in roots else levels)


def main_category(paths: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the first of the deepest paths, and the last level of every other one as a tag.

    A path above the main one gives its last level too: it may be the page where the product is sold.
    """
    found = list(dict.fromkeys(path for path in paths if path))
    if not found:
        return None, ()
    main = max(found, key=lambda path: path.count("/"))
    tags = dict.fromkeys(path.rpartition("/")[2] for path in found if path != main)
    return main, tuple(tags)


def _parts(text: str, separator: str | None) -> list[str]:
    if separator not in {None, ".", ">"}:
        return text.split(separator)
    if separator == ">" or _ARROWS.search(text):
        return _ARROWS.split(text)
    mark = next((mark for mark in ("|", "/", separator) if mark and mark in text), None)
    return text.split(mark) if mark else [text]
