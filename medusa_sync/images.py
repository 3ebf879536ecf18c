"""Downloads images from the hosts that are allowed, and from no other address."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address
from typing import BinaryIO

import httpx
from msgspec import Struct

from medusa_sync.errors import ImageError
from medusa_sync.http import HttpClient
from medusa_sync.redirects import addresses, is_public
from medusa_sync.response import Download, Response, date_of

MAX_IMAGE_BYTES = 10 * 2**20

_SETTING = "--copy-images (SYNC_PRODUCTS_COPY_IMAGES)"
_LONGEST_S = 120.0  # for one image, with its redirects and retries
_HEAD = 16  # bytes that show what an image is
_ETAG = re.compile(r'(W/)?"((?!W/)[!#-~]{1,64})"')  # longer ones are not worth their place in records
_SIGNATURES = (
    ("image/jpeg", "jpg", b"\xff\xd8\xff", 0),
    ("image/png", "png", b"\x89PNG\r\n\x1a\n", 0),
    ("image/gif", "gif", b"GIF8", 0),
    ("image/webp", "webp", b"WEBP", 8),
    ("image/avif", "avif", b"ftypavif", 4),
    ("image/avif", "avif", b"ftypavis", 4),
)


class Image(Struct, frozen=True):
    """An image in a temporary file, which the caller closes.

    Attributes:
        type: its content type, as its first bytes show it.
        ending: of the name of a file.
        seen: what shows that it has changed since: its ETag, or the time of its last change.
    """

    file: BinaryIO
    size: int
    type: str
    ending: str
    seen: str | int = ""


class Images:
    """Images of public hosts, or of named ones.

    Args:
        http: sends no credentials, and has an `AllowedHosts` as its transport.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def download(self, url: str, seen: str | int = "") -> Image | None:
        """Download an image; returns None if it has not changed since it was seen.

        Raises:
            ImageError: it cannot be downloaded, or is no image.
        """
        path, _, query = url.partition("#")[0].partition("?")
        async with _in_time():
            found = await self._http.download(
                path, query=query, headers=_conditions(seen), limit=MAX_IMAGE_BYTES
            )
        if not isinstance(found, Download):
            _check_unchanged(found, seen)
            return None
        try:
            return _checked(found)
        except ImageError:
            found.file.close()
            raise

    async def look(self, url: str, seen: str | int = "") -> bool:
        """Ask for the first bytes of an image; returns whether it has changed since it was seen.

        Raises:
            ImageError: it cannot be downloaded, or is no image.
        """
        path, _, query = url.partition("#")[0].partition("?")
        headers = {"range": f"bytes=0-{_HEAD - 1}", "accept-encoding": "identity", **_conditions(seen)}
        async with _in_time():
            found = await self._http.start(path, query=query, headers=headers, size=_HEAD)
        if found.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            _check_unchanged(found, seen)
            return False
        _check_size(found.headers)
        _kind_of(found.headers.get("content-type", ""), found.body)
        return True


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_LONGEST_S):
            yield
    except TimeoutError:
        raise ImageError(f"it took more than {_LONGEST_S:g} seconds") from None


def _check_unchanged(found: Response, seen: str | int) -> None:
    """Check that a response without an image says that it has not changed since it was seen."""
    if found.status != HTTPStatus.NOT_MODIFIED or not _conditions(seen):
        raise ImageError(f"the server responded with {found.status}")


def _checked(found: Download) -> Image:
    if found.error is not None:
        raise found.error
    head = found.file.read(_HEAD)
    size = found.file.seek(0, 2)
    found.file.seek(0)
    type_, ending = _kind_of(found.content_type, head)
    return Image(found.file, size, type_, ending, _seen(found))


def _kind_of(content_type: str, head: bytes) -> tuple[str, str]:
    """The content type of an image as its first bytes show it, and the ending of its name."""
    kind = content_type.partition(";")[0].strip().lower()
    if not kind or kind.startswith("image/") or kind.endswith("/octet-stream"):
        for type_, ending, signature, start in _SIGNATURES:
            if head.startswith(signature, start):
                return type_, ending
    of_type = f"; the server calls it {kind}" if kind else ""
    raise ImageError(f"it is not a JPEG, PNG, WebP, AVIF or GIF image{of_type}")


def _check_size(headers: Mapping[str, str]) -> None:
    """Check how long the server says that an image is."""
    length = headers.get("content-range", "").rpartition("/")[2] or headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_IMAGE_BYTES:
        raise ImageError(f"the image is longer than {MAX_IMAGE_BYTES // 2**20} MB")


def _seen(found: Download) -> str | int:
    """What shows that an image has changed since; empty if the server says nothing that can be sent back."""
    if etag := _ETAG.fullmatch(found.conditions.get("if-none-match", "")):
        return f"{etag[1] or ''}{etag[2]}"
    return max(date_of(found.conditions.get("if-modified-since", "")) or 0, 0) or ""


def _conditions(seen: str | int) -> dict[str, str]:
    """Headers with which a server sends an image only if it has changed since it was seen."""
    if isinstance(seen, int):
        return {"if-modified-since": formatdate(seen, usegmt=True)}
    weak = "W/" if seen.startswith("W/") else ""
    etag = f'{weak}"{seen.removeprefix(weak)}"'
    return {"if-none-match": etag} if _ETAG.fullmatch(etag) else {}


class AllowedHosts(httpx.AsyncBaseTransport):
    """Sends requests, also redirected ones, only to named hosts, and to public addresses if that is allowed.

    The address of any other host is looked up once, checked, and connected to: a name cannot stand for
    another address a moment later.

    Args:
        inner: sends them.
        hosts: that may have a private address.
        allows_public: whether other hosts are allowed.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, hosts: Collection[str], *, allows_public: bool
    ) -> None:
        self._inner = inner
        self._hosts = hosts
        self._allows_public = allows_public

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in {"http", "https"}:
            raise httpx.RequestError(f"its URL begins with {request.url.scheme}")
        host = request.url.host.rstrip(".")
        if host in self._hosts:
            return await self._inner.handle_async_request(request)
        if not self._allows_public:
            raise httpx.RequestError(f"its host {host} is not named with {_SETTING}")
        found = await addresses(host)
        if not all(map(is_public, found)):
            raise httpx.RequestError(
                f"its host {host} is in a private network. If that is right, name it with {_SETTING}"
            )
        failure: httpx.TransportError = httpx.ConnectError(f"the name {host} is unknown")
        for address in found:
            try:
                return await self._inner.handle_async_request(_sent_to(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        await self._inner.aclose()


def _sent_to(address: IPv4Address | IPv6Address, request: httpx.Request) -> httpx.Request:
    """The same request, sent to an address; its header and the certificate still have the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
