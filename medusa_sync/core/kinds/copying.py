"""What a run does about the images of a product, and what its record says about copies of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b
from urllib.parse import urlsplit

from msgspec import Struct

PUBLIC = "public"
"""Means all hosts with a public address."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 3_600, 7 * 86_400


class Copy(Struct, frozen=True, array_like=True):
    """A file of the store that was made from an image.

    Attributes:
        source: the URL of the image at the source.
        url: of the file.
        id: of the file; empty if its URL ends with it.
        seen: what shows that the image has changed since: its ETag, or the time of its last change.
    """

    source: str
    url: str
    id: str = ""
    seen: str | int = ""


class Failure(Struct, frozen=True, array_like=True):
    """An image that could not be copied.

    Attributes:
        count: how often it was tried.
        again: when it is tried again, in seconds since 1970.
    """

    count: int
    again: float

    def is_due(self, now: float) -> bool:
        """Whether it is to be tried again, also because the clock was wrong when it was tried."""
        return not now < self.again <= now + _LONGEST_PAUSE_S

    def next(self, now: float) -> Failure:
        """The failure after it was tried once more."""
        return Failure(self.count + 1, now + min(_FIRST_PAUSE_S * 2**self.count, _LONGEST_PAUSE_S))


NEVER = Failure(0, 0)


class Copies(Struct, frozen=True, omit_defaults=True):
    """What the record of a product says about copies.

    Attributes:
        files: the known ones, also some of images that the source no longer has: an undo may need them.
        failed: the images that could not be copied, by the mark of their URL.
        done: what tells apart the images, and the hosts of the setting, when nothing was left to be tried.
    """

    files: tuple[Copy, ...] = ()
    failed: dict[str, Failure] = {}
    done: str = ""


class Copying(Struct, frozen=True):
    """What a run does about the images of a product.

    Attributes:
        hosts: from which it copies images.
        at: when it began, in seconds since 1970.
        again: images that have copies are asked for, too, and copied again if they have changed.
        asks: images are asked for at all, which a dry run does not do by itself.
        made: the copies that it has made, or found to be up to date.
        failed: the images that it could not copy, by the mark of their URL.
        left: the images that it does not try.
    """

    hosts: frozenset[str]
    at: float
    again: bool = False
    asks: bool = True
    made: tuple[Copy, ...] = ()
    failed: Mapping[str, Failure] = {}
    left: frozenset[str] = frozenset()

    def takes(self, url: str, earlier: Mapping[str, Failure], known: Collection[str]) -> bool:
        """Whether an image is to be copied.

        Args:
            url: of the image.
            earlier: the images of its product that earlier runs could not copy, by the mark of their URL.
            known: the images that have copies.
        """
        failed = {**({} if self.again else earlier), **self.failed}.get(mark_of(url), NEVER)
        return self._allows(url) and failed.is_due(self.at) and url not in known

    def _allows(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        is_named = PUBLIC in self.hosts or host.rstrip(".") in self.hosts
        return bool(host) and parts.scheme in {"http", "https"} and is_named


def mark_of(url: str) -> str:
    """What the name of a copy has of the URL of its image, so that it is known without a record, too."""
    return blake2b(url.encode(), digest_size=6).hexdigest()
