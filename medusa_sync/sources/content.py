"""The bytes of files, pipes and downloads, decompressed."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from errno import EISDIR
from functools import partial
from pathlib import Path
from select import POLLIN, poll
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import BinaryIO, cast

from msgspec import Struct

from medusa_sync.errors import SourceError
from medusa_sync.http import MAX_DOWNLOAD_BYTES, Download
from medusa_sync.sources.files import GZIP, ZSTD

CHUNK = 256 * 1024  # bytes
_IN_MEMORY = 4 * 2**20  # bytes of a pipe that need no file on disk
_STDIN = 0
_WAIT_MS = 100  # for data of a pipe, before checking whether to go on
_CHANGED = "Write the catalogue to another file and rename it when it is complete, then run again."
_AGAIN = "Nothing was removed. Create the compressed file again, and check that all of it is copied."
_NO_SPACE = "Free disk space, or set TMPDIR to a folder with more."


class _HaltedError(Exception):
    """The run stopped reading."""


class File(io.BufferedIOBase):
    """A seekable file that says at its end whether it is complete.

    A call returns what it has read before it raises an error, so that no complete product is lost.

    Args:
        inner: the file.
        failure: turns an error of the inner file into one with a hint; None for all other errors.
        at_end: called at the end; it raises `SourceError` if the file is incomplete.
    """

    def __init__(
        self,
        inner: BinaryIO | io.BufferedIOBase,
        failure: Callable[[Exception], SourceError | None],
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._inner = inner
        self._failure = failure
        self._at_end = at_end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            # `read` of a decompressing file loses what came before an error.
            read = getattr(self._inner, "read1", self._inner.read)
            chunk: bytes = read(CHUNK if size is None or size < 0 else size)
        except Exception as error:
            failure = self._failure(error)
            if failure is None:
                raise
            raise failure from error
        if not chunk and size:
            self._at_end()
        return chunk

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(size)

    def head(self, size: int) -> bytes:
        """The first bytes; fewer if there are no more, or if an error comes before. Then, go to the start."""
        self.seek(0)
        found = b""
        try:
            while len(found) < size and (chunk := self.read(size - len(found))):
                found += chunk
        except SourceError:
            if not found:
                raise
        self.seek(0)
        return found


class Content(Struct, frozen=True):
    """What a source contains.

    Attributes:
        name: of the file or URL, for messages.
        file: decompressed.
        compression: `gzip`, `zstd` or empty.
        content_type: of a download; empty if it is unknown.
    """

    name: str
    file: File
    compression: str = ""
    content_type: str = ""


Opening = Callable[[Event], AbstractContextManager[Content]]
"""Opens the content. It waits for the end of a pipe, unless the event is set."""


# --- bytes ----------------------------------------------------------------------------------------------


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
        with _seekable(descriptor, str(path), halt) as file:
            yield _content(str(path), file)
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
    with _seekable(_STDIN, name, halt) as file:
        yield _content(name, file)


@contextmanager
def open_download(download: Download, _halt: Event) -> Iterator[Content]:
    """Open a download, and close its file at the end."""

    def at_end() -> None:
        if download.error is not None:
            raise download.error

    with download.file:
        file = File(download.file, partial(_failed, download.url), at_end)
        yield _content(download.url, file, download.content_type)


@contextmanager
def _seekable(descriptor: int, name: str, halt: Event) -> Iterator[File]:
    """Open a regular file in place; everything else is copied to a temporary file first."""
    try:
        before = os.fstat(descriptor)
        if stat.S_ISDIR(before.st_mode):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        is_file = stat.S_ISREG(before.st_mode)
        is_whole = is_file and os.lseek(descriptor, 0, os.SEEK_CUR) == 0
    except OSError as error:
        raise _unreadable(name, error) from error

    def at_end() -> None:
        after = os.fstat(descriptor)
        if is_file and (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise SourceError(f"{name}: the file changed while it was read", hint=_CHANGED)

    with open(descriptor, "rb", closefd=False) if is_whole else _spooled(descriptor, name, halt) as file:
        yield File(file, partial(_failed, name), at_end)


def _spooled(descriptor: int, name: str, halt: Event) -> BinaryIO:
    """Copy what can be read to a temporary file."""
    data = poll()
    data.register(descriptor, POLLIN)
    with ExitStack() as stack:
        copy = stack.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        while True:
            if halt.is_set():
                raise _HaltedError
            if not data.poll(_WAIT_MS):
                continue
            try:
                chunk = os.read(descriptor, CHUNK)
            except BlockingIOError:  # another program took the data
                continue
            except OSError as error:
                raise _unreadable(name, error) from error
            if not chunk:
                break
            try:
                copy.write(chunk)
            except OSError as error:
                reason = f"{name}: the temporary file cannot be written ({error.strerror})"
                raise SourceError(reason, hint=_NO_SPACE) from error
            if copy.tell() > MAX_DOWNLOAD_BYTES:
                raise SourceError(f"{name}: it is longer than {MAX_DOWNLOAD_BYTES // 2**20} MB")
        copy.seek(0)
        stack.pop_all()
        return cast(BinaryIO, copy)


def _content(name: str, file: File, content_type: str = "") -> Content:
    """Recognise compression by the first bytes."""
    head = file.head(4)
    if head.startswith(GZIP):
        return Content(name, _gunzip(file, name), "gzip", content_type)
    if head == ZSTD:
        return Content(name, _unzstd(file, name), "zstd", content_type)
    return Content(name, file, "", content_type)


def _gunzip(file: File, name: str) -> File:
    import gzip
    import zlib

    damaged = (zlib.error, gzip.BadGzipFile)
    return File(gzip.GzipFile(fileobj=file), partial(_damaged, f"{name}: gzip", damaged))


def _unzstd(file: File, name: str) -> File:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    return File(zstd.ZstdFile(file), partial(_damaged, f"{name}: zstd", zstd.ZstdError))


def _damaged(
    subject: str, kinds: type[Exception] | tuple[type[Exception], ...], error: Exception
) -> SourceError | None:
    if isinstance(error, EOFError):
        return SourceError(f"{subject}: the compressed data is cut off", hint=_AGAIN)
    if isinstance(error, kinds):
        return SourceError(f"{subject}: the compressed data is damaged ({error})", hint=_AGAIN)
    return None


def _failed(name: str, error: Exception) -> SourceError | None:
    return _unreadable(name, error) if isinstance(error, OSError) else None


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
