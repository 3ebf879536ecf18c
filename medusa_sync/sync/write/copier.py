"""Copies images of products to the store, before the products are written."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from msgspec import structs

from medusa_sync.core.kinds.copies import failures
from medusa_sync.core.kinds.copying import NEVER, Copy, Copying, Failure, mark_of
from medusa_sync.errors import AmbiguousWriteError, ImageError, StoreError, StoreRefusedError
from medusa_sync.http import Upload
from medusa_sync.images import MAX_IMAGE_BYTES, Image, Images
from medusa_sync.settings.secrets import public_part
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job
from medusa_sync.sync.write.uploads import Uploads

logger = logging.getLogger(__name__)

_DOWNLOADS = 6  # at once
_IN_PROGRESS = 30  # images that are downloaded or uploaded, or wait for that with a temporary file
_MOST_BYTES = 4 * 2**30  # of a run
_MOST_FAILED = 10  # images in a row; after these, a server itself fails
_REMEMBERED = 5_000  # images of which another product may need the copy
_LONGEST_NAME = 60

_Result = Copy | str | None
"""The copy of an image, or why there is none; None if it is left for a later run, or a dry run shows nothing
against it."""


class Copier:
    """Downloads and uploads the images that jobs need, each once in a run; a dry run only asks for them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._remarks = context.remarks.copies
        self._turn = asyncio.Lock()
        self._slots = asyncio.Semaphore(_IN_PROGRESS)
        self._downloads = asyncio.Semaphore(_DOWNLOADS)
        self._uploads = Uploads(context.api, MAX_IMAGE_BYTES, has_ended=self._has_ended, lose=self._lose)
        self._known = OrderedDict[str, asyncio.Task[_Result]]()
        self._bytes = 0
        self._failed = 0  # in a row
        self._unused: dict[str, str] = {}  # ids of uploaded files by URL; no product refers to them

    async def copy(self, jobs: Group) -> bool:
        """Copy the images that jobs need, and give jobs the results; returns whether there were any.

        Raises:
            StoreError: the store is unavailable.
        """
        images, needed = self._context.images, {url: job for job in jobs for url in job.change.copies.to_copy}
        copying = self._context.settings.copying
        if images is None or copying is None or not copying.asks or not needed:
            return False
        async with self._turn:  # if the run is stopped, the images of one group were copied in vain
            found = await all_done(*(self._once(images, url, job) for url, job in needed.items()))
        results = dict(zip(needed, found, strict=True))
        for job in jobs:
            before = job.change.desired.copying
            if before is not None and (urls := job.change.copies.to_copy):
                copying = self._with_results(job, before, {url: results[url] for url in urls})
                job.learn(partial(structs.replace, copying=copying))
        return True

    def _with_results(self, job: Job, copying: Copying, results: dict[str, _Result]) -> Copying:
        """What a job knows about its images after some of them were copied."""
        earlier, known = failures(job.change.record, copying), job.change.copies.files
        failed, made = dict[str, Failure](copying.failed), [*copying.made]
        self._remarks.retried.update(mark for mark in map(mark_of, results) if mark in earlier)
        for url, result in results.items():
            if isinstance(result, Copy):
                own = known.get(url)
                made.append(own if own is not None and own.seen == result.seen != "" else result)
            elif result is not None:
                mark = mark_of(url)
                failed[mark] = earlier.get(mark, NEVER).next(copying.at)
                if url not in known:
                    self._remarks.failed.add(mark)
                kept = "copy" if url in known else "URL at the source"
                verb, own_id = "would keep" if self._context.is_dry_run else "keeps", job.external_id
                words = f"an image of %s {verb} its {kept}, %s: %s", own_id, public_part(url), result
                logger.warning(*words, extra={"event": "image_not_copied", "external_id": own_id})
        left = {url for url, result in results.items() if result is None and not self._context.is_dry_run}
        return structs.replace(copying, made=tuple(made), failed=failed, left=copying.left | left)

    async def _once(self, images: Images, url: str, job: Job) -> _Result:
        task = self._known.get(url)
        if task is None:
            task = self._known[url] = asyncio.create_task(self._copied(images, url, job))
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(url)
        return await task

    async def _copied(self, images: Images, url: str, job: Job) -> _Result:
        former = job.change.copies.files.get(url)
        seen = former.seen if former else ""
        try:
            async with self._slots:
                async with self._downloads:
                    if self._bytes > _MOST_BYTES or self._has_ended():
                        return None
                    is_only_asked = self._context.is_dry_run
                    found = await (images.look(url, seen) if is_only_asked else images.download(url, seen))
                if isinstance(found, Image):
                    result = await self._sent(found, url, job)
                    if result is None:
                        return None
                else:
                    result = None if found else former
        except ImageError as error:
            self._failed += 1
            self._remarks.finish(url)
            return str(error)
        self._failed = 0
        self._remarks.unchanged += former is not None and result is former
        self._remarks.finish(url)
        return result

    def _has_ended(self) -> bool:
        """Whether no more images are copied."""
        return self._context.stop.is_set or self._failed >= _MOST_FAILED

    async def _sent(self, image: Image, url: str, job: Job) -> Copy | None:
        """Upload an image; returns its copy, or None if nothing more is sent."""
        self._bytes += image.size
        name = f"{_handle(job)}-{mark_of(url)}.{image.ending}"
        with image.file:
            try:
                file = await self._uploads.upload(Upload(name, image.file, image.type), image.size)
            except (AmbiguousWriteError, StoreRefusedError) as error:
                raise ImageError(f"the store did not take it ({error})") from error
        if file is None:
            return None
        if not file.url.startswith(("http://", "https://")):
            raise ImageError(f"the file provider of the store gives it no URL, but {file.url[:100]!r}")
        self._remarks.copied += 1
        self._unused[file.url] = file.id
        return Copy(url, file.url, "" if file.url.endswith(file.id) else file.id, image.seen)

    def _lose(self, count: int) -> None:
        self._remarks.lost += count

    @contextmanager
    def in_use(self, jobs: Group) -> Iterator[None]:
        """From now on, products may refer to the copies of jobs, unless the store refuses to write them."""
        sent = [(job, {each.url for each in job.change.copies.files.values()}) for job in jobs]
        may_refer = True
        try:
            yield
            may_refer = False
        except StoreRefusedError:
            may_refer = False
            raise
        finally:
            for job, urls in sent:  # the last plan may lack some: another run may have recorded its copies
                urls |= {each.url for each in job.change.copies.files.values()}
                for url in urls if may_refer or job.is_written else ():
                    self._unused.pop(url, None)

    async def delete_unused(self) -> None:
        """Delete the files that were uploaded for products that were not written."""
        unused, self._unused = self._unused, {}
        self._remarks.copied -= len(unused)
        try:
            for file_id in unused.values():
                await self._context.api.delete_file(file_id)
        except (AmbiguousWriteError, StoreError) as error:
            logger.info("unused files stay in the store: %s", error, extra={"event": "files_kept"})


def _handle(job: Job) -> str:
    """The handle of a product, as a part of a file name that cannot name a folder."""
    handle = job.change.handle or job.change.stored.handle
    return re.sub("[^a-z0-9]+", "-", handle.lower()).strip("-")[:_LONGEST_NAME] or "image"
