"""The text of a JSON document, decoded while it is read."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, BinaryIO

from msgspec import Raw

from medusa_sync.errors import SourceError
from medusa_sync.sources import lenient
from medusa_sync.sources.decoding import LONGEST

_CHUNK = 256 * 1024  # bytes
_SPACE = re.compile(r"[ \t\n\r]*")
_AFTER = frozenset(",]} \t\n\r")
_HINT = "Nothing was removed. Write the whole file, then run again."


class JsonText:
    """A JSON document, of which only the part that is being read is in memory.

    Args:
        stream: in any encoding of JSON.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._text = ""  # what is in memory
        self._position = 0  # in `_text`
        self._line, self._column = 1, 1  # of the start of `_text`
        self._ended = False
        self._not_decoded = ""  # the encoding, if what follows is not in it
        head = stream.read(4)
        self._decoder = codecs.getincrementaldecoder(json.detect_encoding(head))("surrogatepass")
        self._decode(head)

    def next(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            self._position = _after_space(self._text, self._position)
            if self._position < len(self._text) or not self._more():
                return self._text[self._position : self._position + 1]

    def take(self, *expected: str) -> str:
        """Take one of the expected characters."""
        found = self.next()
        if found not in expected:
            raise self.malformed(f"is not complete JSON: expected {' or '.join(expected)}")
        self._position += 1
        return found

    def value(self) -> tuple[Any, Raw]:
        """Take a value, decoded and as JSON."""
        self.next()
        while True:
            start = problem_at = self._position
            problem = "is not complete JSON"
            try:
                value, end = lenient.decode_at(self._text, start)
            except json.JSONDecodeError as error:
                problem, problem_at = f"{problem}: {error.msg}", error.pos
            except RecursionError as error:
                raise self.malformed("is nested too deeply") from error
            else:
                # Only what follows a number shows that it is complete.
                if self._ended or not isinstance(value, int | float) or self._text[end : end + 1] in _AFTER:
                    self._position = end
                    return value, Raw(self._text[start:end].encode(errors="surrogatepass"))
            if len(self._text) - start > LONGEST:
                problem += f", or it has a value that is longer than {LONGEST // 2**20} MB"
                raise self.malformed(problem, problem_at)
            if not self._more():
                raise self.malformed(problem, problem_at)

    def malformed(self, problem: str, position: int | None = None) -> SourceError:
        """Describe a problem of the file at a position; default: where the next character is."""
        line, column = self._place(self._position if position is None else position)
        return SourceError(f"the file {problem} (line {line}, column {column})", hint=_HINT)

    def _more(self) -> bool:
        """Read on; False at the end."""
        if self._not_decoded:
            raise self.malformed(f"is not complete JSON: it is not {self._not_decoded}", len(self._text))
        if self._ended:
            return False
        rest = self._text[self._position :]
        self._line, self._column = self._place(self._position)
        self._text, self._position = rest, 0
        self._decode(self._stream.read(max(_CHUNK, len(rest))))
        return True

    def _decode(self, chunk: bytes) -> None:
        self._ended = not chunk
        try:
            self._text += self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:
            self._text += error.object[: error.start].decode(error.encoding, "surrogatepass")
            self._not_decoded = error.encoding.upper()

    def _place(self, position: int) -> tuple[int, int]:
        """The line and column of a position in `_text`, counted from 1."""
        lines = self._text.count("\n", 0, position)
        if not lines:
            return self._line, self._column + position
        return self._line + lines, position - self._text.rfind("\n", 0, position)


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
