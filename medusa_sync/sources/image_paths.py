"""Images that a source names by their paths: those of a URL are completed by it, as a browser does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from msgspec import structs

from medusa_sync.sources.text import is_web_url, one_line

if TYPE_CHECKING:
    from medusa_sync.sources.schema import SourceProduct

_ENDINGS = "jpe?g|png|webp|gif|avif|svg|bmp|tiff?"
_PATH = re.compile(
    rf"/(?!9j/)[^\s:]{{1,300}}|[^:?#]{{1,300}}\.({_ENDINGS})(\?.*)?", re.IGNORECASE
)  # no base64
_IN_JSON = re.compile(rb'"(\\?/[^"]|[^":]*\.(%b)[^":]*")' % _ENDINGS.encode(), re.IGNORECASE)
_AS_IT_IS = "/%?=&#@!$'()*+,;~"


def base_of(url: str) -> str:
    """What completes the paths of a source."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def is_path(text: str) -> bool:
    """Whether a text may be the path of an image: it begins with a slash, or ends like an image."""
    return _PATH.fullmatch(text) is not None and not is_web_url(text)


def has_paths(body: bytes) -> bool:
    """Whether JSON may have paths of images."""
    return _IN_JSON.search(body) is not None


def images_of(product: SourceProduct) -> Iterator[str]:
    """What the product and its variants have as images, as it is written."""
    variants = product.variants or ()
    yield from filter(None, (*(product.images or ()), product.thumbnail, *(each.image for each in variants)))


def completed(product: SourceProduct, base: str) -> SourceProduct:
    """The product with URLs in place of paths."""
    if not any(map(is_path, images_of(product))):
        return product
    images = tuple(_complete(product.images or (), base))
    thumbnail = next(_complete([product.thumbnail or ""], base)) or None
    variants = product.variants and tuple(
        structs.replace(each, image=next(_complete([each.image or ""], base)) or None)
        for each in product.variants
    )
    return structs.replace(product, images=images, thumbnail=thumbnail, variants=variants)


def _complete(texts: Iterable[str], base: str) -> Iterator[str]:
    for text in texts:
        yield urljoin(base, quote(one_line(text) or "", safe=_AS_IT_IS)) if is_path(text) else text
