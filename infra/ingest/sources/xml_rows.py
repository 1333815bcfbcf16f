"""Read the products of a feed: the `item` elements of RSS 2.0 and the `entry` elements of Atom, one at a time.

A record has the local names of the elements as keys: `g:id` is "id". An element with elements in it is a dictionary, and one
that occurs again a list. Of a name with and without a prefix (`g:title` and `title`), the one with the prefix counts.
"""

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat
from xml.parsers.expat import errors as expat_errors

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources.encodings import TextStream
from infra.ingest.sources.row import MAX_CHARACTERS, TOO_LONG, Row

_RECORDS = {"item", "entry"}
_TEXT_ATTRIBUTES = ("href", "term")
"""Atom has the text of `link` and `category` in these."""
_MAX_DEPTH = 100
_COST_OF_ELEMENT = 50
_CUT_OFF = {
    expat_errors.XML_ERROR_NO_ELEMENTS,
    expat_errors.XML_ERROR_UNCLOSED_TOKEN,
    expat_errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
}


def xml_rows(text: TextStream, path: str) -> Iterator[Row]:
    """Yield the records; raise NotUnderstood for declarations of entities, which a feed has no need of, and for damage."""
    feed = _Feed(path)
    while not feed.ended:
        feed.parse(text.read())
        yield from feed.rows
        feed.rows.clear()


class _Element:
    """An open element of a record."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.text: list[str] = []
        self.plain: dict[str, Any] = {}
        self.prefixed: dict[str, Any] = {}

    def add(self, name: str, value: Any) -> None:
        prefix, _, local = name.rpartition(":")
        members = self.prefixed if prefix else self.plain
        if local not in members:
            members[local] = value
        elif isinstance(members[local], list):
            members[local].append(value)
        else:
            members[local] = [members[local], value]

    def value(self) -> Any:
        if members := self.plain | self.prefixed:
            return members
        text = "".join(self.text).strip()
        return text or next((self.attributes[name] for name in _TEXT_ATTRIBUTES if name in self.attributes), "")


class _Feed:
    """Collect the records while expat parses; `rows` are those that are complete."""

    def __init__(self, path: str) -> None:
        self.rows: list[Row] = []
        self.ended = False
        self._path = path
        self._depth = 0
        self._open: list[_Element] = []
        self._record_depth = 0
        self._size = 0
        self._number = 0
        self._n_bytes = 0
        # The text is decoded already; this outweighs the declaration of the file.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse_declarations

    def parse(self, block: str) -> None:
        """Parse a block of the text; an empty one is the end."""
        self.ended = not block
        try:
            data = block.encode()
            self._parser.Parse(data, self.ended)
        except expat.ExpatError as error:
            line = self._parser.ErrorLineNumber
            if self.ended and expat.ErrorString(error.code) in _CUT_OFF:
                raise NotUnderstood(f"{self._path} is cut off: its XML ends in the middle.") from error
            raise NotUnderstood(f"{self._path} is not XML: {expat.ErrorString(error.code)} in line {line}.") from error
        except UnicodeEncodeError as error:
            raise NotUnderstood(f"{self._path} is damaged: it holds bytes that are not of its encoding.") from error
        self._n_bytes += len(data)
        if self._n_bytes - max(self._parser.CurrentByteIndex, 0) > 4 * MAX_CHARACTERS:
            raise NotUnderstood(f"{self._path} holds a name or a tag of more than {MAX_CHARACTERS:,} characters.")
        if self.ended and not self._number:
            raise NotUnderstood(f"{self._path} is XML without the elements of RSS (item) or Atom (entry).")

    def _refuse_declarations(self, *_: object) -> None:
        raise NotUnderstood(f"{self._path} has a DOCTYPE, which could define entities; remove it, or export RSS or Atom.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NotUnderstood(f"{self._path} has elements in more than {_MAX_DEPTH} others.")
        if self._record_depth == 0:
            if name.rpartition(":")[2] not in _RECORDS:
                return
            self._record_depth = self._depth
            self._number += 1
            self._size = 0
        self._size += _COST_OF_ELEMENT + len(name) + sum(map(len, attributes.values()))
        if self._size <= MAX_CHARACTERS:
            self._open.append(_Element(name, attributes))

    def _characters(self, data: str) -> None:
        if self._record_depth:
            self._size += len(data)
            if self._size <= MAX_CHARACTERS:
                self._open[-1].text.append(data)

    def _end(self, name: str) -> None:
        depth = self._depth
        self._depth -= 1
        if self._size > MAX_CHARACTERS:
            if depth == self._record_depth:
                self.rows.append(Row(self._number, None, TOO_LONG))
                self._open.clear()
                self._record_depth = 0
                self._size = 0
        elif self._record_depth:
            value = self._open.pop().value()
            if depth > self._record_depth:
                self._open[-1].add(name, value)
            else:
                self.rows.append(Row(self._number, value if isinstance(value, dict) else {}))
                self._record_depth = 0
