"""Split text into lines without a step of Python for each: LF, CRLF and CR, and no other character, end a line."""

from collections import deque
from io import StringIO

from infra.ingest.sources.encodings import TextStream
from infra.ingest.sources.row import MAX_CHARACTERS


class LineBlocks:
    """Blocks of whole lines with their ends. A block is empty only at the end of the file."""

    def __init__(self, text: TextStream) -> None:
        self._text = text
        self._rest = ""
        self._after_long: list[str] = []
        self._ready: deque[list[str] | None] = deque()

    def read(self) -> list[str] | None:
        """Return the next lines, or None in place of one line of more than MAX_CHARACTERS."""
        return self._ready.popleft() if self._ready else self._next()

    def peek(self, n: int) -> list[str]:
        """Return about the next `n` lines, fewer before the end, a line that is too long, or MAX_CHARACTERS; take none."""
        lines: list[str] = []
        n_characters = 0
        while len(lines) < n and n_characters < MAX_CHARACTERS:
            block = self._next()
            self._ready.append(block)
            if not block:
                break
            lines += block
            n_characters += sum(map(len, block))
        return lines

    def drop(self, n: int) -> None:
        """Take the next `n` lines, which were looked at."""
        while n:
            block = self._ready.popleft() or []
            if n < len(block):
                self._ready.appendleft(block[n:])
            n = max(n - len(block), 0)

    def _next(self) -> list[str] | None:
        if self._after_long:
            lines, self._after_long = self._after_long, []
            return lines
        while True:
            chunk = self._text.read()
            while len(self._rest) > MAX_CHARACTERS and chunk and "\n" not in chunk and "\r" not in chunk:
                chunk = self._text.read()
            lines = StringIO(self._rest + chunk, newline="").readlines()
            # A CR at the end of a block may be half of a CRLF.
            self._rest = lines.pop() if chunk and not lines[-1].endswith("\n") else ""
            if lines and len(lines[0]) > MAX_CHARACTERS:
                self._after_long = lines[1:]
                return None
            if lines or not chunk:
                return lines
            self._rest = self._rest[: MAX_CHARACTERS + 1]
