"""The copies of images in the store: which are known, which are still to be made, and what records say.

Plans and reports speak of the URLs of the source. What the store has is translated when it is read, and what
is sent, in the bodies of requests.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from medusa_sync.core.kinds.copying import Copies, Copy, Copying, Failure, mark_of
from medusa_sync.core.kinds.images import COPY_IMAGES, IMAGES, THUMBNAIL, Images, distinct_images_body
from medusa_sync.core.remembered import DIGEST, remember_text
from medusa_sync.core.value import members

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import Record
    from medusa_sync.core.selection import Selection
    from medusa_sync.core.stored import StoredProduct
    from medusa_sync.core.value import Value

_SPARE = 8  # copies that a record keeps although the source no longer has their images
_MARK = re.compile(r"-([0-9a-f]{12})(?=[-.])")  # in the name of a copy


def images_of(desired: DesiredProduct) -> Iterator[str]:
    """The URLs of all images that the source gives for a product; some may be repeated."""
    return _images(desired.fields, (each.fields for each in desired.variants))


def _images(fields: Mapping[str, Value], of_variants: Iterable[Mapping[str, Value]]) -> Iterator[str]:
    for value in (fields.get(IMAGES), fields.get(THUMBNAIL), *(each.get(THUMBNAIL) for each in of_variants)):
        yield from members(value)


def settings_of(copying: Copying | None) -> dict[str, str]:
    """The setting that decides about copies, if there are any."""
    return {COPY_IMAGES: ",".join(sorted(copying.hosts))} if copying else {}


def failures(record: Record | None, copying: Copying) -> Mapping[str, Failure]:
    """The images of a product that could not be copied, by the mark of their URL.

    Images that failed with other hosts are tried at once: the address of some may have been private.
    """
    if (
        record is None
        or record.copies is None
        or not settings_of(copying).items() <= (record.settings or {}).items()
    ):
        return {}
    return record.copies.failed


# --- what the store has ---


def by_record(stored: StoredProduct) -> StoredProduct:
    """A product with the URLs of the source instead of the copies that its record knows."""
    copies = stored.record.copies if stored.record else None
    return with_sources(stored, copies.files) if copies else stored


def with_sources(stored: StoredProduct, files: Iterable[Copy]) -> StoredProduct:
    """A product with the URLs of the source instead of these copies, and of others of the same images."""
    sources = {each.url: each.source for each in files}
    return _translated(stored, _by_mark(stored, sources.values(), sources) | sources)


def by_source(stored: StoredProduct, desired: DesiredProduct) -> StoredProduct:
    """A product with the URLs of the source also instead of copies that its record does not have.

    It may be lost, or two runs have copied the same image.
    """
    images = {*images_of(desired)}
    return _with_named_copies(_translated(stored, _by_mark(stored, images, images)))


def _with_named_copies(stored: StoredProduct) -> StoredProduct:
    """A product whose record names other copies that it has, instead of their images.

    Only another run could make them, and the source no longer has their images.
    """
    record, copies = stored.record, {mark: url for url in _shown(stored) for mark in _marks(url)}
    if record is None or not copies:
        return stored

    def renamed(text: str) -> str:
        copy = copies.get(_mark_in_record(text))
        return remember_text(copy) if copy else text

    def named(fields: Mapping[str, Value]) -> dict[str, Value]:
        changed = dict(fields)
        for name in (IMAGES, THUMBNAIL):
            value = fields.get(name)
            if isinstance(value, tuple):
                changed[name] = tuple(map(renamed, value))
            elif isinstance(value, str):
                changed[name] = renamed(value)
        return changed

    variants = {
        key: structs.replace(each, fields=named(each.fields)) for key, each in record.variants.items()
    }
    return structs.replace(
        stored, record=structs.replace(record, fields=named(record.fields), variants=variants)
    )


def _mark_in_record(text: str) -> str:
    """The mark of a URL as a record keeps it: long ones are digests already."""
    return text[1:] if DIGEST.fullmatch(text) else mark_of(text)


def _shown(stored: StoredProduct) -> Iterator[str]:
    yield from (image.url for image in stored.images)
    yield from (each for each in (stored.thumbnail, *(one.thumbnail for one in stored.variants)) if each)


def _by_mark(stored: StoredProduct, sources: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Other copies in a product whose names have the marks of these images, with their images."""
    others = (url for url in _shown(stored) if url not in known)
    marked = {url: marks for url in others if (marks := _marks(url))}
    images = {mark_of(source): source for source in sources} if marked else {}
    return {url: images[mark] for url, marks in marked.items() for mark in marks if mark in images}


def _marks(url: str) -> list[str]:
    """The marks in the name of a file: that of its image, if it is a copy."""
    return _MARK.findall(url.rpartition("/")[2])


def _translated(stored: StoredProduct, sources: Mapping[str, str]) -> StoredProduct:
    """A product with the URLs of the source instead of copies; it remembers which ones it has."""
    found = dict[str, set[str]]()
    for url in _shown(stored):
        found.setdefault(sources.get(url, url), set()).add(url)
    files = {source: urls for source, urls in found.items() if urls != {source}}
    if not files:
        return stored
    for source, urls in stored.files.items():  # that URL of the source took the place of these
        files[source] = {*urls, *(found.get(source, set()) - {source})}

    def own(url: str | None) -> str | None:
        return sources.get(url or "", url)

    return structs.replace(
        stored,
        images=tuple(structs.replace(each, url=sources.get(each.url, each.url)) for each in stored.images),
        thumbnail=own(stored.thumbnail),
        variants=tuple(structs.replace(each, thumbnail=own(each.thumbnail)) for each in stored.variants),
        files=files,
    )


def _files(change: Change) -> dict[str, Copy]:
    """The copies that a product refers to after a change, by the URL of the image at the source."""
    copying, record = change.desired.copying, change.record.copies or Copies()
    made = {each.source: each for each in copying.made} if copying else {}
    known = {each.source: each for each in record.files}
    is_noted = change.stored.pending is not None  # else, the record follows the store
    shown = {
        source: Copy(source, min({*urls} - {source}))
        for source, urls in change.stored.files.items()
        if source not in known or not (is_noted or known[source].url in urls)
    }
    return {**made, **known, **shown, **(made if copying and copying.again else {})}


# --- what a change does ---


class CopyPlan(Struct, frozen=True):
    """What a change does about the copies of images.

    Attributes:
        files: those that the product refers to afterwards, by the URL of the image at the source.
        lacking: the images of the source that it then has without a copy, and that may be copied now.
        to_copy: the images that have to be copied before it is written, or asked for again.
        resent: the own fields that are sent although they stay as they are: their images are copied.
        resent_variants: the ids of the variants whose thumbnail is sent for the same reason.
    """

    files: Mapping[str, Copy]
    lacking: Sequence[str] = ()
    to_copy: Sequence[str] = ()
    resent: Sequence[str] = ()
    resent_variants: Collection[str] = ()

    @property
    def sends_any(self) -> bool:
        """Whether copies of images take the place of what they were made of."""
        return bool(self.resent or self.resent_variants)


def plan_copies(change: Change) -> CopyPlan:
    """What a change does about the copies of images."""
    files, copying = _files(change), change.desired.copying
    if copying is None or not change.selection.has(IMAGES):
        return CopyPlan(files)
    lacking = asked = _taken(change, copying, files)
    if copying.again:
        asked = _taken(change, copying, {each.source for each in copying.made})
    return CopyPlan(
        files,
        lacking,
        [url for url in asked if url not in copying.left],
        _resent(change, files),
        _resent_variants(change, files),
    )


def _taken(change: Change, copying: Copying, known: Collection[str]) -> list[str]:
    """The images without a known copy that a product has after a change, and that may be copied now.

    An image that the merchant has removed or replaced is not one of them.
    """
    stored, own = change.stored, {each.field: each.planned for each in change.own_changes}
    shown = {*members(own.get(IMAGES, tuple(each.url for each in stored.images)))}
    shown |= {*members(own.get(THUMBNAIL, stored.thumbnail))}
    for each in change.variants:
        before = each.stored.thumbnail if each.stored else None
        shown |= {*members(each.new_values.get(THUMBNAIL, before))}
    images = dict.fromkeys(url for url in images_of(change.desired) if url in shown)
    earlier = failures(change.record, copying)
    return [url for url in images if copying.takes(url, earlier, known)]


def _resent(change: Change, files: Mapping[str, Copy]) -> list[str]:
    planned = {each.field for each in change.own_changes}
    left = [name for name in (IMAGES, THUMBNAIL) if name not in planned]
    return [name for name in left if _has_other(change, files, members(change.stored.value(name)))]


def _resent_variants(change: Change, files: Mapping[str, Copy]) -> list[str]:
    return [
        each.stored.id
        for each in change.variants
        if each.stored is not None and not each.is_new and THUMBNAIL not in each.new_values
        if _has_other(change, files, members(each.stored.thumbnail))
    ]


def _has_other(change: Change, files: Mapping[str, Copy], urls: Iterable[str]) -> bool:
    """Whether the store has something else than their copies of some of these images."""
    wanted, stored = {*images_of(change.desired)} & {*urls}, change.stored.files
    return any(url in files and {*stored.get(url, ())} != {files[url].url} for url in wanted)


# --- bodies ---


def with_copies(body: dict[str, Any], change: Change) -> dict[str, Any]:
    """The body of a product or variant, which refers to the copies of images."""
    files = change.copies.files
    for place, name in ((body, THUMBNAIL), *((image, "url") for image in body.get(IMAGES, ()))):
        if place.get(name) in files:
            place[name] = files[place[name]].url
    return body


def distinct_body(product: StoredProduct, change: Change) -> dict[str, Any] | None:
    """The body that stores each image of a written product once; None if no image is repeated."""
    if not product.images:
        return None
    shown = by_source(with_sources(product, change.copies.files.values()), change.desired)
    body = distinct_images_body(shown)
    return with_copies(body, change) if body else None


# --- what the record says ---


class CopiedImages(Images):
    """The URLs of images, of which the store may have copies."""

    def recorded(self, change: Change, final: Record) -> Record:
        return structs.replace(final, copies=_recorded(change, final))


def _recorded(change: Change, final: Record) -> Copies | None:
    """What the record of a changed product says about copies; `final` is the rest of that record."""
    copying, before = change.desired.copying, change.record.copies or Copies()
    images, files = {*images_of(change.desired)}, [*change.copies.files.values()]
    needed = images | {*_shown(change.stored)}
    spare = [each for each in files if each.source not in needed][-_SPARE:]
    kept = tuple(each for each in files if each.source in needed or each in spare)
    failed, done = before.failed, before.done
    if copying is not None and change.selection.has(IMAGES):
        left = {mark_of(url) for url in images if url not in change.copies.files}
        tried = {**failures(change.record, copying), **copying.failed}
        failed = {key: each for key, each in tried.items() if key in left}
        done = "" if change.copies.lacking else _images_in(final, copying)
    copies = Copies(kept, failed, done)
    return None if copies == Copies() else copies


def remain(record: Record, copying: Copying | None, selection: Selection) -> bool:
    """Whether images of a product may have to be copied, as its record shows it."""
    if copying is None or not selection.has(IMAGES):
        return False
    copies = record.copies or Copies()
    is_due = any(each.is_due(copying.at) for each in copies.failed.values())
    return is_due or copies.done != _images_in(record, copying)


def _images_in(record: Record, copying: Copying) -> str:
    """What tells apart the images in a record, and the hosts; empty if it has no images."""
    urls = sorted({*_images(record.fields, (each.fields for each in record.variants.values()))})
    return mark_of("\n".join([*sorted(copying.hosts), "", *urls])) if urls else ""


def expected(desired: DesiredProduct, record: Record | None, selection: Selection) -> dict[str, bool]:
    """The images of a product that may be asked for, as its record shows it, and whether they have copies."""
    copying = desired.copying if selection.has(IMAGES) or record is None else None
    if copying is None:
        return {}
    copies, earlier = (record.copies if record else None) or Copies(), failures(record, copying)
    known = {each.source for each in copies.files}
    taken = [url for url in images_of(desired) if copying.takes(url, earlier, () if copying.again else known)]
    return {url: url in known for url in taken}
