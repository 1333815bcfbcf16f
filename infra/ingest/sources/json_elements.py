"""Cut the text of a JSON list of any length into its elements, without decoding them."""

import re
from collections.abc import Iterator

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources.encodings import TextStream
from infra.ingest.sources.row import MAX_CHARACTERS

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TO_BRACKET = re.compile(rf'[^"{{}}\[\]]*+(?:{_STRING}[^"{{}}\[\]]*+)*+', re.DOTALL)
"""Match up to the next bracket outside strings, a string that is not complete, or the end."""
_TO_COMMA = re.compile(rf'[^"{{}}\[\],]*+(?:{_STRING}[^"{{}}\[\],]*+)*+', re.DOTALL)
_STRING_BODY = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_NAME = re.compile(rf"\s*,?\s*{_STRING}\s*:\s*", re.DOTALL)
_LIST_OF_OBJECTS = re.compile(r"\[\s*[{\]]")
_MAX_NAME_CHARACTERS = 1 << 12


class JsonElements:
    """A cursor in text of which only the current element is kept."""

    def __init__(self, text: TextStream, path: str) -> None:
        self._text = text
        self._path = path
        self._buffer = ""
        self._position = 0

    def enter(self, bracket: str) -> None:
        """Go behind the bracket with which the text begins."""
        self._look_ahead()
        self._position = self._buffer.index(bracket) + 1

    def of_list(self) -> Iterator[str | None]:
        """Yield the text of each element of the list that was entered, None for one of more than MAX_CHARACTERS."""
        end = ","
        while end == ",":
            element, end = self._element()
            if element != "":  # after a comma at the end, or in an empty list
                yield element
        self._expect(end, "]")

    def enter_list_of_objects(self) -> bool:
        """Go behind the bracket of the next member of an object that is a list of objects; False at the object's end."""
        end = ","
        while end == ",":
            self._look_ahead()
            if not (name := _NAME.match(self._buffer, self._position)):
                end = self._element()[1]
                self._expect(end, "}")
            else:
                self._position = name.end()
                if _LIST_OF_OBJECTS.match(self._buffer, self._position):
                    self._position += 1
                    return True
                end = self._element()[1]
        self._expect(end, "}")
        return False

    def expect_end(self) -> None:
        """Raise NotUnderstood if more than blanks follows."""
        while not self._buffer[self._position :].strip():
            self._position = 0
            self._buffer = self._text.read()
            if not self._buffer:
                return
        raise NotUnderstood(f"{self._path} is not JSON: more text follows after its end. Write one object per line.")

    def _expect(self, found: str, bracket: str) -> None:
        if found != bracket:
            raise NotUnderstood(f"{self._path} is damaged: its JSON has {found!r} where {bracket!r} or a comma is expected.")

    def _element(self) -> tuple[str | None, str]:
        """Return the next element and the comma or bracket after it."""
        start = self._position
        is_too_long = False
        depth = 0
        while True:
            pattern = _TO_BRACKET if depth else _TO_COMMA
            position = pattern.match(self._buffer, self._position).end()  # type: ignore[union-attr]
            character = self._buffer[position : position + 1]
            self._position = position
            if character in ("", '"'):
                if (
                    is_too_long := is_too_long
                    or position - start > MAX_CHARACTERS
                    or len(self._buffer) - start > MAX_CHARACTERS
                ):
                    self._skip_string() if character else self._read(keep_from=position)
                    start = self._position
                else:
                    self._read(keep_from=start)
                    start = 0
                continue
            self._position += 1
            if character in "{[":
                depth += 1
            elif depth:
                depth -= 1
            else:
                is_too_long = is_too_long or position - start > MAX_CHARACTERS
                return None if is_too_long else self._buffer[start:position].strip(), character

    def _skip_string(self) -> None:
        """Go behind a string of any length."""
        self._position += 1
        while True:
            self._position = _STRING_BODY.match(self._buffer, self._position).end()  # type: ignore[union-attr]
            if self._buffer.startswith('"', self._position):
                self._position += 1
                return
            self._read(keep_from=self._position)

    def _look_ahead(self) -> None:
        """Read on, so that a name and the beginning of its value are there, or the whole rest."""
        while len(self._buffer) - self._position < _MAX_NAME_CHARACTERS and (block := self._text.read()):
            self._buffer = self._buffer[self._position :] + block
            self._position = 0

    def _read(self, *, keep_from: int) -> None:
        """Read the next block and forget the text before an index."""
        block = self._text.read()
        if not block:
            raise NotUnderstood(f"{self._path} is cut off: its JSON ends in the middle.")
        self._buffer = self._buffer[keep_from:] + block
        self._position -= keep_from
