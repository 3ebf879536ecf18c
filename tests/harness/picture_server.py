"""A server of images in memory, for the host names that a run is allowed to copy images from."""

import hashlib
from collections.abc import Callable

import httpx

PNG = b"\x89PNG\r\n\x1a\n"

Answer = httpx.Response | Exception


class PictureServer(httpx.AsyncBaseTransport):
    """Has an image at each URL, which contains that URL, unless a fault is set.

    Attributes:
        requests: the URLs that were asked for.
        faults: what a URL answers instead, or a function that returns it.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.headers: list[httpx.Headers] = []
        self.faults: dict[str, Answer | Callable[[], Answer]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.requests.append(url)
        self.headers.append(request.headers)
        fault = self.faults.get(url) or self.faults.get("*")
        answer = fault if isinstance(fault, Answer | None) else fault()
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        return httpx.Response(200, headers={"content-type": "image/png"}, content=picture(url))


def picture(url: str) -> bytes:
    """The image at a URL."""
    return PNG + url.encode() + hashlib.sha256(url.encode()).digest()


def pictured(content: bytes) -> str:
    """The URL that an image was downloaded from."""
    return content.removeprefix(PNG)[:-32].decode()
