"""Hints for a filter by a category that no product has."""

import difflib
from collections.abc import Collection

from domain.records.products import category_levels, is_in_category

MAX_CLOSE = 3
MAX_LENGTH_DIFFERENCE = 4
"""Paths of other lengths are not compared, since comparing thousands of them would take long."""


def category_hint(asked: Collection[str], known: Collection[str]) -> str | None:
    """Return a sentence that names close categories if no known category is in any of those `asked` for, else None."""
    if any(is_in_category(path, one) for path in known for one in asked):
        return None
    paths = sorted({level for path in known for level in category_levels(path)})
    close = [path for one in sorted(asked) for path in _close_to(one, paths)]
    names = " or ".join(f"`{path}`" for path in dict.fromkeys(close))
    return f"No product is in {' or '.join(f'`{one}`' for one in sorted(asked))}" + (
        f"; did you mean {names}?" if names else "."
    )


def _close_to(asked: str, paths: Collection[str]) -> list[str]:
    """Return the paths that end like `asked`, in any case, else those that are written alike."""
    wanted = asked.casefold()
    ending = [path for path in paths if path.casefold() == wanted or path.casefold().endswith(f"/{wanted}")]
    if ending:
        return ending[:MAX_CLOSE]
    by_name: dict[str, str] = {}
    for path in paths:
        for name in (path, path.rpartition("/")[2]):
            if abs(len(name) - len(asked)) <= MAX_LENGTH_DIFFERENCE:
                by_name.setdefault(name.casefold(), path)
    return [by_name[name] for name in difflib.get_close_matches(wanted, by_name, n=MAX_CLOSE, cutoff=0.7)]
