"""The bytes of a source: a file, a FIFO, standard input or a download, decompressed."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from errno import EISDIR
from pathlib import Path
from select import POLLIN, poll
from threading import Event

from msgspec import Struct

from medusa_sync.errors import MedusaSyncError, SourceError
from medusa_sync.http import Download
from medusa_sync.sources.formats import GZIP, ZSTD

CHUNK = 256 * 1024  # bytes

_STDIN = 0
_WAIT_MS = 100  # for data, before checking whether to go on
_CHANGED = "Write the catalogue to another file and rename it when it is complete, then run again."
_AGAIN = "Nothing was removed. Create the compressed file again, and check that all of it is copied."


class HaltedError(Exception):
    """The run stopped reading."""


class Stream(io.BufferedIOBase):
    """A binary stream that delivers everything that came before it raises an error.

    Args:
        more: returns the next bytes; nothing at the end.
    """

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._chunk = b""
        self._position = 0
        self._ended = False
        self._error: MedusaSyncError | None = None

    def readable(self) -> bool:
        return True

    def head(self, size: int) -> bytes:
        """The next `size` bytes, which stay in the stream; fewer if it ends."""
        try:
            while len(self._chunk) - self._position < size and (more := self._next()):
                self._chunk, self._position = self._chunk[self._position :] + more, 0
        except MedusaSyncError as error:
            self._error = error
        return self._chunk[self._position : self._position + size]

    def read1(self, size: int = -1, /) -> bytes:
        if size and self._position == len(self._chunk):
            self._chunk, self._position = self._next(), 0
        end = None if size < 0 else self._position + size
        part = self._chunk[self._position : end]
        self._position += len(part)
        return part

    def read(self, size: int | None = -1, /) -> bytes:
        left = -1 if size is None else size
        parts: list[bytes] = []
        try:
            while left and (part := self.read1(left)):
                parts.append(part)
                left = left - len(part) if left > 0 else left
        except MedusaSyncError as error:
            if not parts:
                raise
            self._error = error  # raised by the next call
        return b"".join(parts)

    def _next(self) -> bytes:
        if self._error is not None:
            raise self._error
        chunk = b"" if self._ended else self._more()
        self._ended = not chunk
        return chunk


class Content(Struct, frozen=True):
    """What a source contains.

    Attributes:
        name: of the file or URL, for messages.
        stream: decompressed. At its end it raises `SourceError` if it is known to be incomplete.
        compression: `gzip`, `zstd` or empty.
        content_type: of a download; empty if it is unknown.
    """

    name: str
    stream: Stream
    compression: str = ""
    content_type: str = ""


Opening = Callable[[Event], AbstractContextManager[Content]]
"""Opens the content. Once the event is set, reading it raises `HaltedError`."""


@contextmanager
def open_path(path: Path, halt: Event) -> Iterator[Content]:
    """Open a file or a FIFO.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        # Otherwise, opening a FIFO waits for a program that writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(str(path), error) from error
    try:
        yield _content(str(path), _more(descriptor, str(path), halt))
    finally:
        os.close(descriptor)


@contextmanager
def open_stdin(halt: Event) -> Iterator[Content]:
    """Open standard input: a pipe or a redirected file.

    Raises:
        SourceError: it cannot be read, or it is closed or a terminal.
    """
    name = "standard input"
    is_closed = sys.__stdin__ is None  # then the descriptor may be something else by now
    if is_closed or os.isatty(_STDIN):
        hint = (
            "Pipe a catalogue into the command, or name a file or URL with --source (SYNC_PRODUCTS_SOURCE)."
        )
        raise SourceError(f"{name} is {'closed' if is_closed else 'a terminal'}", hint=hint)
    yield _content(name, _more(_STDIN, name, halt))


@contextmanager
def open_download(download: Download, halt: Event) -> Iterator[Content]:
    """Open a download, and close its file at the end."""

    def more() -> bytes:
        if halt.is_set():
            raise HaltedError
        chunk = download.file.read(CHUNK)
        if not chunk and download.error is not None:
            raise download.error
        return chunk

    with download.file:
        yield _content(download.url, more, download.content_type)


def _more(descriptor: int, name: str, halt: Event) -> Callable[[], bytes]:
    """Return a function that reads the next bytes, and checks at the end that the file did not change."""
    try:
        before = os.fstat(descriptor)
        if stat.S_ISDIR(before.st_mode):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        is_file = stat.S_ISREG(before.st_mode)
        end = os.lseek(descriptor, 0, os.SEEK_CUR) if is_file else 0
    except OSError as error:
        raise _unreadable(name, error) from error
    data = poll()
    data.register(descriptor, POLLIN)

    def more() -> bytes:
        nonlocal end
        while not halt.is_set():
            try:
                if not data.poll(_WAIT_MS):
                    continue
                chunk = os.read(descriptor, CHUNK)
                after = os.fstat(descriptor)
            except BlockingIOError:  # another program took the data
                continue
            except OSError as error:
                raise _unreadable(name, error) from error
            end += len(chunk)
            if not chunk and is_file and (after.st_size, after.st_mtime_ns) != (end, before.st_mtime_ns):
                raise SourceError(f"{name}: the file changed while it was read", hint=_CHANGED)
            return chunk
        raise HaltedError

    return more


def _content(name: str, more: Callable[[], bytes], content_type: str = "") -> Content:
    """Recognise compression by the first bytes."""
    stream = Stream(more)
    head = stream.head(4)
    if head.startswith(GZIP):
        return Content(name, Stream(_gunzip(stream, name)), "gzip", content_type)
    if head == ZSTD:
        return Content(name, Stream(_unzstd(stream, name)), "zstd", content_type)
    return Content(name, stream, "", content_type)


def _gunzip(stream: Stream, name: str) -> Callable[[], bytes]:
    import gzip
    import zlib

    return _decompressing(gzip.GzipFile(fileobj=stream), (zlib.error, gzip.BadGzipFile), f"{name}: gzip")


def _unzstd(stream: Stream, name: str) -> Callable[[], bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    return _decompressing(zstd.ZstdFile(stream), (zstd.ZstdError,), f"{name}: zstd")


def _decompressing(
    file: io.BufferedIOBase, damaged: tuple[type[Exception], ...], subject: str
) -> Callable[[], bytes]:
    def more() -> bytes:
        try:
            return file.read1(CHUNK)
        except EOFError as error:
            raise SourceError(f"{subject}: the compressed data is cut off", hint=_AGAIN) from error
        except damaged as error:
            raise SourceError(f"{subject}: the compressed data is damaged ({error})", hint=_AGAIN) from error

    return more


def _unreadable(name: str, error: OSError) -> SourceError:
    match error:
        case FileNotFoundError():
            hint = "Check --source (SYNC_PRODUCTS_SOURCE). A relative path starts at the working directory."
        case IsADirectoryError():
            hint = "Name the file in it with --source (SYNC_PRODUCTS_SOURCE)."
        case PermissionError():
            hint = "Allow the user who runs medusa-sync to read the file."
        case _:
            hint = "Set --source (SYNC_PRODUCTS_SOURCE) to a URL or to the path of a readable file."
    return SourceError(f"{name}: the file cannot be read ({error.strerror})", hint=hint)
