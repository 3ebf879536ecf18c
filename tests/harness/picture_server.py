"""Servers of images: one in memory, for the host names that a run may copy from, and a real one."""

import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import httpx

from tests.harness.dummyjson import Server, serving

PNG = b"\x89PNG\r\n\x1a\n"

Answer = httpx.Response | Exception


class PictureServer(httpx.AsyncBaseTransport):
    """Has an image at each URL, which contains that URL, unless a fault is set.

    Attributes:
        requests: the URLs that were asked for.
        unchanged: those of them that the asking run has, because they have not changed.
        faults: what a URL answers instead, or a function that returns it.
        versions: how often an image has changed at its URL.
        validator: how a run can ask whether an image has changed: by its `etag`, by its `last-modified`.
    """

    def __init__(self, validator: str = "") -> None:
        self.requests: list[str] = []
        self.unchanged: list[str] = []
        self.headers: list[httpx.Headers] = []
        self.faults: dict[str, Answer | Callable[[], Answer]] = {}
        self.versions = Counter[str]()
        self.validator = validator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.requests.append(url)
        self.headers.append(request.headers)
        fault = self.faults.get(url) or self.faults.get("*")
        answer = fault if isinstance(fault, Answer | None) else fault()
        if isinstance(answer, Exception):
            raise answer
        return self._image(url, request.headers) if answer is None else answer

    def _image(self, url: str, asked: httpx.Headers) -> httpx.Response:
        """The image at a URL, the part of it that is asked for, or that it has not changed."""
        version, headers = self.versions[url], {"content-type": "image/png"}
        content = picture(url, version=version)
        if self.validator == "etag":
            headers["etag"] = f'W/"{zlib.crc32(content):016x}"'
        elif self.validator:
            headers["last-modified"] = formatdate(1_700_000_000 + version, usegmt=True)
        own = headers.get(self.validator)
        if own is not None and own in {asked.get("if-none-match"), asked.get("if-modified-since")}:
            self.unchanged.append(url)
            return httpx.Response(304)
        if asked.get("range") != "bytes=0-15":
            return httpx.Response(200, headers=headers, content=content)
        headers["content-range"] = f"bytes 0-15/{len(content)}"
        return httpx.Response(206, headers=headers, content=content[:16])


@contextmanager
def old_server(sizes: Mapping[str, int] = {}) -> Iterator[tuple[str, list[str]]]:
    """A server of images; yields its URL, and what was asked for.

    Args:
        sizes: of the images at some paths, in bytes.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://{self.headers['host']}{self.path}"
            asked.append(url)
            body = picture(url, sizes.get(self.path, 0))
            self.send_response(200)
            self.send_header("content-type", "image/png")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with serving(Server(Handler)) as url:
        yield url, asked


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


_HEAD = PNG + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))  # one grey pixel
_TAIL = _chunk(b"IDAT", zlib.compress(b"\0\x80")) + _chunk(b"IEND", b"")
_KEY = b"tEXturl\0"


def picture(url: str, size: int = 0, version: int = 0) -> bytes:
    """The image at a URL, which browsers can show, and which has the URL as a text; it may have a size."""
    head = _HEAD + _chunk(b"tEXt", b"url\0" + url.encode())
    if version:
        head += _chunk(b"tEXt", b"version\0%d" % version)
    left = size - len(head) - len(_TAIL) - len(_chunk(b"tEXt", b""))
    return head + (_chunk(b"tEXt", b"\0".rjust(left, b"x")) if left > 0 else b"") + _TAIL


def pictured(content: bytes) -> str:
    """The URL that an image was downloaded from."""
    begin = content.index(_KEY)
    (length,) = struct.unpack(">I", content[begin - 4 : begin])
    return content[begin + len(_KEY) : begin + len(b"tEXt") + length].decode()
