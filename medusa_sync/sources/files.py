"""Files, pipes and downloads: their bytes, decompressed, and the items that a reader finds in them."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from errno import EISDIR
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, TypeVar, cast

from medusa_sync.errors import MedusaSyncError, SourceError
from medusa_sync.http import MAX_DOWNLOAD_BYTES
from medusa_sync.response import Download
from medusa_sync.sources import base
from medusa_sync.sources.base import NO_SPACE, Item, ItemSource, PageOfItems
from medusa_sync.sources.formats import GZIP, HEAD, ZSTD, check, reader_of, recognise

T = TypeVar("T")

CHUNK = 256 * 1024  # bytes

_IN_MEMORY = 4 * 2**20  # bytes of a pipe that need no file on disk
_STDIN = 0
_CHANGED = "Write the catalogue to another file and rename it when it is complete, then run again."
_AGAIN = "Nothing was removed. Create the compressed file again, and check that all of it is copied."
_HINTS: Mapping[type[OSError], str] = {
    FileNotFoundError: (
        "Check --source (SYNC_PRODUCTS_SOURCE). A relative path starts at the working directory, a URL with "
        "https://."
    ),
    IsADirectoryError: "Name the file in it with --source (SYNC_PRODUCTS_SOURCE).",
    PermissionError: "Allow the user who runs medusa-sync to read the file.",
}
_HINT = "Set --source (SYNC_PRODUCTS_SOURCE) to a URL or to the path of a readable file."


async def read_items(
    opening: AbstractAsyncContextManager[Content], format_: str, source: ItemSource, *, as_items: bool
) -> AsyncGenerator[PageOfItems, None]:
    """Read a file. An error is raised after what came before it; only the last page has a total.

    Args:
        opening: opens the file at its start.
        format_: a value of `--source-format`.
        source: gets the format that is found.
        as_items: rows of tables and items of feeds are wanted as they are, for a map.
    """
    async with opening as content:
        file: io.BufferedReader = io.BufferedReader(content, CHUNK)
        found: Iterator[Item] | None = None
        count, is_last = 0, False

        def read() -> tuple[list[Item], MedusaSyncError | None]:
            """The next items, and the error after them."""
            nonlocal format_, found
            items: list[Item] = []
            try:
                if found is None:
                    check(head := file.peek(HEAD)[:HEAD])
                    if format_ == "auto":
                        format_ = recognise(head, content.name, content.content_type)
                    how = {"as_items": as_items, "keeps_rest": source.keeps_rest}
                    source.format, found = reader_of(format_)(file, charset=content.charset, **how)
                    source.format += f", {content.compression}" if content.compression else ""
                for item in islice(found, base.PAGE_SIZE):
                    items.append(item)  # noqa: PERF402 - an error must not lose the items
            except MedusaSyncError as error:
                return items, error
            return items, None

        while not is_last:
            items, error = await _in_thread(read, content)
            count += len(items)
            is_last = len(items) < base.PAGE_SIZE
            if error is None:
                yield PageOfItems(tuple(items), count if is_last else None)
                continue
            if items:
                yield PageOfItems(tuple(items), None)
            message = str(error) if content.name in str(error) else f"{content.name}: {error}"
            raise SourceError(message, hint=error.hint) from error


async def _in_thread(read: Callable[[], T], content: Content) -> T:
    """Call a function that reads a file, while signals and time limits have their effect."""
    reading = asyncio.get_running_loop().run_in_executor(None, read)
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        content.is_abandoned = True
        while not reading.done():  # the file must stay open as long
            with suppress(asyncio.CancelledError):
                await asyncio.wait([reading])
        raise


# --- bytes ----------------------------------------------------------------------------------------------


class Content(io.RawIOBase):
    """A seekable file, decompressed.

    A read has as many bytes as are wanted, or all that come before the end or an error.

    Args:
        name: for messages.
        inner: the file as it is, at its start.
        at_end: called at the end; raises `SourceError` if the file is incomplete.
        content_type: of a download; empty if it is unknown.

    Attributes:
        compression: `gzip`, `zstd` or empty.
        charset: of the content type; empty if it has none.
        is_abandoned: nobody waits for what is read, so the next read ends with an error.
    """

    is_abandoned = False

    def __init__(
        self, name: str, inner: BinaryIO, at_end: Callable[[], None], content_type: str = ""
    ) -> None:
        try:
            head = inner.read(4)
            inner.seek(0)
        except OSError as error:
            raise _unreadable(name, error) from error
        self.name = name
        self.content_type = content_type
        self.charset = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" '\"")
        self.compression = "gzip" if head.startswith(GZIP) else "zstd" if head == ZSTD else ""
        self._at_end = at_end
        self._damaged: tuple[type[Exception], ...] = ()
        self._inner: IO[bytes] | io.BufferedIOBase = inner
        if self.compression == "gzip":
            import gzip
            import zlib

            self._inner = gzip.GzipFile(fileobj=inner, mode="rb")
            self._damaged = (zlib.error, gzip.BadGzipFile)
        elif self.compression:
            if sys.version_info >= (3, 14):
                from compression import zstd
            else:
                from backports import zstd

            self._inner, self._damaged = zstd.ZstdFile(inner), (zstd.ZstdError,)
        self._errors = (EOFError, OSError, *self._damaged)
        self._failure: SourceError | None = None  # after what was read
        # `read` of a decompressing file loses what came before an error.
        self._read: Callable[[int], bytes] = getattr(self._inner, "read1", self._inner.read)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._failure = None
        return self._inner.seek(offset, whence)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # callers give nothing else
        if self.is_abandoned:
            raise SourceError(f"{self.name}: it is no longer read")
        size = 0
        while size < len(buffer) and self._failure is None:
            try:
                chunk = self._read(len(buffer) - size)
            except self._errors as error:
                self._failure = self._described(error)
                break
            buffer[size : size + len(chunk)] = chunk
            size += len(chunk)
            if not chunk:
                break
        if buffer and not size:
            self._at_end()  # if the file is incomplete, its compressed data is cut off too
            if self._failure is not None:
                raise self._failure
        return size

    def _described(self, error: Exception) -> SourceError:
        subject = f"{self.name}: {self.compression}"
        if isinstance(error, EOFError):
            return SourceError(f"{subject}: the compressed data is cut off", hint=_AGAIN)
        if isinstance(error, self._damaged):
            return SourceError(f"{subject}: the compressed data is damaged ({error})", hint=_AGAIN)
        return _unreadable(self.name, error)


def _unreadable(name: str, error: Exception) -> SourceError:
    hint = _HINTS.get(type(error), _HINT) if isinstance(error, OSError) else _HINT
    return SourceError(f"{name}: the file cannot be read ({getattr(error, 'strerror', error)})", hint=hint)


@asynccontextmanager
async def open_file(path: Path | None) -> AsyncIterator[Content]:
    """Open a file or a FIFO; None is standard input: a pipe or a redirected file.

    Raises:
        SourceError: it cannot be read, or standard input is closed or a terminal.
    """
    name = "standard input" if path is None else str(path)
    with ExitStack() as stack:
        try:
            if path is None:
                descriptor = _standard_input()
            else:
                # Otherwise, opening a FIFO waits for a program that writes to it.
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                stack.callback(os.close, descriptor)
            before = os.fstat(descriptor)
            if stat.S_ISDIR(before.st_mode):
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
            is_file = stat.S_ISREG(before.st_mode)
            is_whole = is_file and os.lseek(descriptor, 0, os.SEEK_CUR) == 0
            file = io.FileIO(descriptor, closefd=False) if is_whole else await _spooled(descriptor, name)
        except OSError as error:
            raise _unreadable(name, error) from error
        stack.enter_context(file)

        def at_end() -> None:
            after = os.fstat(descriptor)
            if is_file and (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise SourceError(f"{name}: the file changed while it was read", hint=_CHANGED)

        yield Content(name, file, at_end)


def _standard_input() -> int:
    is_closed = sys.__stdin__ is None  # then the descriptor may be something else by now
    if is_closed or os.isatty(_STDIN):
        raise SourceError(
            f"standard input is {'closed' if is_closed else 'a terminal'}",
            hint=(
                "Pipe a catalogue into the command, or name a file or URL with --source "
                "(SYNC_PRODUCTS_SOURCE)."
            ),
        )
    return _STDIN


@asynccontextmanager
async def open_download(download: Download) -> AsyncIterator[Content]:
    """Open a download, and close its file at the end."""

    def at_end() -> None:
        if download.error is not None:
            raise download.error

    with download.file:
        yield Content(download.url, download.file, at_end, download.content_type)


async def _spooled(descriptor: int, name: str) -> BinaryIO:
    """Copy what can be read to a temporary file."""
    with ExitStack() as on_error:
        copy = on_error.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        while True:
            try:
                await _readable(descriptor)
            except PermissionError:  # a redirected file is always ready
                await asyncio.sleep(0)
            with suppress(BlockingIOError):  # another program took the data
                if not (chunk := os.read(descriptor, CHUNK)):
                    break
                try:
                    copy.write(chunk)
                except OSError as error:
                    reason = f"{name}: the temporary file cannot be written ({error.strerror})"
                    raise SourceError(reason, hint=NO_SPACE) from error
                if copy.tell() > MAX_DOWNLOAD_BYTES:
                    raise SourceError(f"{name}: it is longer than {MAX_DOWNLOAD_BYTES // 2**20} MB")
        copy.seek(0)
        on_error.pop_all()
        return cast(BinaryIO, copy)


async def _readable(descriptor: int) -> None:
    """Wait until something can be read; a read before that would block the event loop.

    Each wait has an event of its own: one that was set for data that has been read by now does not count.
    """
    loop, is_ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, is_ready.set)
    try:
        await is_ready.wait()
    finally:
        loop.remove_reader(descriptor)
