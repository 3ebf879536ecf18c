"""Reads the lines of a text whose encoding is not known in advance."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO

from medusa_sync.errors import SourceError

MAX_ROW = 2**24  # characters: a quote that is never closed must not fill the memory
_BLOCK = 2**16  # bytes
_IN_MEMORY = 2**22  # bytes that need no file on disk
_UTF_8, _WINDOWS = "UTF-8", "Windows-1252"
_MARKS = {codecs.BOM_UTF8: _UTF_8, codecs.BOM_UTF16_LE: "UTF-16-LE", codecs.BOM_UTF16_BE: "UTF-16-BE"}
_MARK = "\ufeff"  # decoded
_LONGEST_MARK = max(map(len, _MARKS))
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_DAMAGED = (
    "Export it again as UTF-8. If all of it is Windows-1252, convert it: "
    "iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv. If only some characters are damaged, correct them."
)
_NO_SPACE = "Free disk space, or set TMPDIR to a folder with more."


class Lines:
    r"""Iterates over lines with their ends, which are `\n`, `\r\n` or `\r`.

    A byte order mark decides the encoding. Without one, a text with any character in UTF-8 that is not ASCII
    is UTF-8, and a byte that is not valid in it is an error. Without such a character, the text is
    Windows-1252 if it is not ASCII: usually that is known only at its end, so until then it is kept in a
    temporary file. A mark at the start of a later line, where another file was appended, is left out.

    Attributes:
        encoding: as far as it is known.
        number: how many lines there were so far.
        row: the line on which the current row begins.
        is_open: the last line has no line break.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.encoding = _UTF_8
        self.number = 0
        self.row = 1
        self.is_open = False
        self._codec = _UTF_8
        self._row_size = 0
        self._stream = stream
        self._failure: SourceError | None = None  # of the stream
        self._damage = ""  # what is wrong with the text

    def begin_row(self) -> None:
        """The next line begins a row, which must not have more than `MAX_ROW` characters."""
        self.row = self.number + 1
        self._row_size = 0

    def __iter__(self) -> Iterator[str]:
        """The lines.

        Raises:
            SourceError: the stream failed, or the text is damaged. The lines before that came first.
        """
        line: list[str] = []
        for text in self._texts():
            for piece in io.StringIO(text, newline=""):
                line.append(piece)
                self._row_size += len(piece)
                if self._row_size > MAX_ROW:
                    reason = f"line {self.row}: the row has more than {MAX_ROW:,} characters"
                    raise SourceError(reason, hint=_ENDLESS)
                if piece.endswith(("\n", "\r")):
                    self.number += 1
                    yield "".join(line).removeprefix(_MARK)
                    line.clear()
        if self._damage:
            raise SourceError(f"line {self.number + 1}: {self._damage}", hint=_DAMAGED)
        if self._failure is not None:
            raise self._failure
        if line:
            self.number += 1
            self.is_open = True
            yield "".join(line).removeprefix(_MARK)

    def _texts(self) -> Iterator[str]:
        """The text in blocks that do not end within a line break, as far as it is not damaged."""
        held = ""
        for decoded in self._decoded():
            text, nul, _ = decoded.partition("\0")
            text = held + text
            held = "\r" if text.endswith("\r") and not nul else ""
            yield text.removesuffix(held)
            if nul:
                self._damage = "it has a NUL byte; the file is damaged, or UTF-16 without a byte order mark"
                return
        yield held

    def _decoded(self) -> Iterator[str]:
        blocks = self._blocks()
        start = _joined(blocks, _LONGEST_MARK)
        mark = next((each for each in _MARKS if start.startswith(each)), b"")
        blocks = chain([start[len(mark) :]], blocks)
        if mark:
            yield from self._decoded_as(_MARKS[mark], blocks)
            return
        for block in blocks:
            if found := _NOT_ASCII.search(block):
                break
            yield block.decode("ascii")
        else:
            return
        with SpooledTemporaryFile(_IN_MEMORY) as seen:
            encoding = self._recognised(chain([block], blocks), seen)
            if self._failure is None:
                seen.seek(0)
                yield from self._decoded_as(encoding, chain(iter(lambda: seen.read(_BLOCK), b""), blocks))
            else:
                yield block[: found.start()].decode("ascii")

    def _recognised(self, blocks: Iterator[bytes], seen: IO[bytes]) -> str:
        """Read on until a character shows that the text is UTF-8, or to the end, and keep what was read."""
        valid = codecs.getincrementaldecoder(_UTF_8)("ignore")
        try:
            for block in blocks:
                seen.write(block)
                if not valid.decode(block).isascii():
                    return _UTF_8
            seen.flush()
        except OSError as error:
            reason = f"the temporary file cannot be written ({error.strerror})"
            self._failure = SourceError(reason, hint=_NO_SPACE)
        return _WINDOWS

    def _decoded_as(self, encoding: str, blocks: Iterable[bytes]) -> Iterator[str]:
        self._codec, self.encoding = encoding, encoding.removesuffix("-LE").removesuffix("-BE")
        decoder = codecs.getincrementaldecoder(encoding)()
        for block in blocks:
            yield self._decode(decoder, block)
            if self._damage:
                return
        if self._failure is None:
            yield self._decode(decoder, b"", final=True)

    def _decode(self, decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> str:
        try:
            return decoder.decode(data, final=final)
        except UnicodeDecodeError as error:
            self._damage = f"the byte 0x{error.object[error.start]:02X} is not valid {self.encoding}"
            return error.object[: error.start].decode(self._codec)  # that of the error may be `charmap`

    def _blocks(self) -> Iterator[bytes]:
        while self._failure is None:
            try:
                block = self._stream.read(_BLOCK)
            except SourceError as error:
                self._failure = error
                return
            if not block:
                return
            yield block


_ENDLESS = "Is a quote missing at the end of a cell? Correct the file, or shorten the cell."


def _joined(blocks: Iterator[bytes], size: int) -> bytes:
    """At least so many bytes, if there are so many."""
    joined = bytearray()
    while len(joined) < size and (block := next(blocks, b"")):
        joined += block
    return bytes(joined)
