"""A source whose products are read from a stream: a file, a pipe or a download."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Mapping
from functools import partial
from itertools import islice
from threading import Event
from typing import BinaryIO, TypeVar, cast

from medusa_sync.errors import MedusaSyncError, SourceError
from medusa_sync.sources.base import Delivered, Entry, Page, Refused, Rejected
from medusa_sync.sources.content import CHUNK, Content, Opening
from medusa_sync.sources.delivered import MappingOptions, deliver
from medusa_sync.sources.formats import HEAD, check, reader_of, recognise
from medusa_sync.sources.mapping import usable_id

PAGE_SIZE = 1_000

T = TypeVar("T")


class StreamSource:
    """Products that a reader finds in a stream.

    Args:
        fetch: returns what opens the stream.
        mapping: options of the mapping.
        format_: a value of `--source-format`.
        categories: names by slug.

    Attributes:
        format: what was detected.
    """

    in_one_piece = True

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Opening]],
        mapping: MappingOptions,
        *,
        format_: str = "auto",
        categories: Mapping[str, str] | None = None,
    ) -> None:
        self.format = ""
        self._fetch = fetch
        self._format = format_
        self._categories = categories or {}
        self._mapping = mapping

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        halt = Event()
        steps = self._pages(await self._fetch(), limit, halt)
        try:
            while page := await _in_thread(partial(next, steps, None), halt):
                yield page
        finally:
            steps.close()

    async def category_names(self) -> Mapping[str, str]:
        return self._categories

    async def has(self, source_id: str) -> bool | None:  # noqa: ARG002 - the interface's
        return None

    def _pages(self, opening: Opening, limit: int | None, halt: Event) -> Generator[Page]:
        """All pages. An error is raised after what came before it; only the last page has a total."""
        with opening(halt) as content:
            entries = self._entries(content)
            count, is_last = 0, False
            while not is_last and count != limit:
                size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - count)
                rows: list[Delivered] = []
                try:
                    for entry in islice(entries, size):
                        rows.append(self._row(entry))  # noqa: PERF401 - an error must not lose the rows
                except MedusaSyncError as error:
                    if rows:
                        yield Page(tuple(rows), None, of_file=True)
                    message = str(error) if content.name in str(error) else f"{content.name}: {error}"
                    raise SourceError(message, hint=error.hint) from error
                count += len(rows)
                is_last = len(rows) < size
                yield Page(tuple(rows), count if is_last else None, of_file=True)

    def _entries(self, content: Content) -> Iterator[Entry | Refused]:
        stream = content.stream

        def detected(text: str) -> None:
            self.format = f"{text}, {content.compression}" if content.compression else text

        head = stream.head(HEAD)
        if not head:
            stream.read(1)  # raises an error if that is the reason
        check(head)
        format_ = self._format
        if format_ == "auto":
            format_ = recognise(head, content.name, content.content_type)
        yield from reader_of(format_, detected)(cast(BinaryIO, stream))
        while stream.read1(CHUNK):  # the end of the stream shows whether it is complete
            pass

    def _row(self, entry: Entry | Refused) -> Delivered:
        if isinstance(entry, Entry):
            return deliver(entry.product, self._mapping)
        source_id = usable_id(entry.source_id)
        external_id = None if source_id is None else f"{self._mapping.source_name}:{source_id}"
        return Rejected(external_id, source_id, entry.title, entry.reason)


async def _in_thread(step: Callable[[], T], halt: Event) -> T:
    """Run a step in a thread. If this call is cancelled, it halts the step and waits for its end."""
    running = asyncio.get_running_loop().run_in_executor(None, step)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
            halt.set()
    if cancelled is not None:
        running.exception()  # it is not needed
        raise cancelled
    return running.result()
