"""The images of a product, and the one that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from medusa_sync.codes import Note
from medusa_sync.core.kinds.base import Ids, Kind, Merge, Offered
from medusa_sync.core.value import members

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.names import StoreNames
    from medusa_sync.core.placement import Placement
    from medusa_sync.core.record import Record
    from medusa_sync.core.stored import StoredImage, StoredProduct
    from medusa_sync.core.value import Value

COPY_IMAGES = "--copy-images"  # the setting
IMAGES = "images"
THUMBNAIL = "thumbnail"
_PRIVATE = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


class Images(Kind):
    """The URLs of images."""

    merge = Merge.UNION
    is_ordered = True
    repeats = True
    settings_besides = (COPY_IMAGES,)

    def settings_of_older(self, record: Record) -> Mapping[str, str]:
        return {COPY_IMAGES: ""}

    def paths(self, name: str) -> Iterable[str]:
        return (f"{name}.id", f"{name}.url")

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return tuple(image.url for image in product.images)

    def ids(self, change: Change, value: Value) -> Ids:
        return _ids(change.stored.images)

    def put(self, body: MutableMapping[str, Any], name: str, value: Value, ids: Ids) -> None:
        body[name] = [_image(url, ids.get(url)) for url in members(value)]

    def offered(self) -> Shown:
        return Shown()


class Shown(Offered):
    """Which images customers can load.

    Attributes:
        unseen: the number of products with images at a private address.
        address: of one of these images.
    """

    unseen: int = 0
    address: str = ""

    def add(self, change: Change, placement: Placement) -> None:
        desired = change.desired
        images = {desired.fields.get(THUMBNAIL), *members(desired.fields.get(IMAGES))}
        images.update(each.fields.get(THUMBNAIL) for each in desired.variants)
        files = change.copies.files
        copies = {own: files[own].url for own in map(str, images) if own in files}
        urls = (copies.get(url, url) for url in map(str, images) if url not in change.copies.to_copy)
        addresses = (url.split("/", 3)[2] for url in urls if "//" in url)
        if private := min(filter(_is_private, addresses), default=""):
            self.unseen += 1
            self.address = self.address or urlsplit(f"//{private}").netloc.rpartition("@")[2]

    def obstacles(self, names: StoreNames) -> Iterator[Note]:
        if self.unseen:
            yield Note(
                "private_images",
                f"Products with images that customers cannot load: {self.unseen:,}. Their address is private,"
                f" such as {self.address!r}: put the images at a public one, and change their URLs at the "
                "source. If it is that of copies, set the public URL of the store's file provider.",
            )


@lru_cache  # the images of a source have few addresses
def _is_private(address: str) -> bool:
    """Whether only a private network has the host of an address."""
    host = (urlsplit(f"//{address}").hostname or "").rstrip(".")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE)


class Thumbnail(Kind):
    """The URL of the image that shows a product."""

    def is_of_store(self, value: Value, applied: Mapping[str, Value], name: str) -> bool:
        """Medusa takes the first image."""
        return applied.get(name) is None and value in members(applied.get(IMAGES))


def distinct_images_body(product: StoredProduct) -> dict[str, Any] | None:
    """The body that stores each image once; None if no image is repeated."""
    ids = _ids(product.images)
    if len(ids) == len(product.images):
        return None
    return {"id": product.id, IMAGES: [_image(url, image_id) for url, image_id in ids.items()]}


def _ids(images: Sequence[StoredImage]) -> dict[str, str]:
    """Ids by URL, in order. If two runs stored the same image, the older one counts."""
    ids: dict[str, str] = {}
    for image in images:
        ids[image.url] = min(ids.get(image.url, image.id), image.id)
    return ids


def _image(url: str, image_id: str | None) -> dict[str, str]:
    return {"url": url} if image_id is None else {"id": image_id, "url": url}
