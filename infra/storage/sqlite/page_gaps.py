"""Find the unused bytes of b-tree pages, which may contain copies of deleted data.

`secure_delete` zeroes a deleted cell. When SQLite balances a tree, it moves cells between pages, and their old copies stay
in the gap between the cell pointers and the cells, or in freeblocks (https://sqlite.org/fileformat2.html#b_tree_pages).
"""

import struct
from collections.abc import Iterator

MAX_PAGES = 2 << 24
"""In a file of fewer pages (137 GB), no page without cells looks like one: it begins with 0 or a smaller page number."""

_HEADER_SIZES = {2: 12, 5: 12, 10: 8, 13: 8}
_HEADER = struct.Struct(">BHHH")
_FREEBLOCK = struct.Struct(">HH")


def used_gaps(pages: bytes, start: int, page_size: int) -> list[tuple[int, int]]:
    """Return the unused areas of the page at `start` that are not zero, as offsets in `pages`; none of a damaged page.

    The first page of a file, which has the schema, begins with another header and counts as a page without cells.
    """
    kind, freeblock, n_cells, content = _HEADER.unpack_from(pages, start)
    if kind not in _HEADER_SIZES:
        return []
    areas = [(_HEADER_SIZES[kind] + 2 * n_cells, content or 65536)]
    while freeblock:
        if freeblock + _FREEBLOCK.size > page_size:
            return []
        following, size = _FREEBLOCK.unpack_from(pages, start + freeblock)
        areas.append((freeblock + _FREEBLOCK.size, freeblock + size))
        if following and following <= freeblock:
            return []
        freeblock = following
    if any(not begin <= end <= page_size for begin, end in areas):
        return []
    return [(start + begin, start + end) for begin, end in areas if pages[start + begin : start + end] != bytes(end - begin)]


def pages_with_gaps(pages: bytes, page_size: int) -> Iterator[int]:
    """Yield the positions of the pages, of several in a row, whose unused areas are not zero."""
    for position in range(len(pages) // page_size):
        if used_gaps(pages, position * page_size, page_size):
            yield position
