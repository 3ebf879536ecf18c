"""Servers of images: one in memory, for the host names that a run may copy from, and a real one."""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import httpx

from tests.harness.dummyjson import Server, serving

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


def picture(url: str, size: int = 0) -> bytes:
    """The image at a URL, which browsers can show, and which has the URL as a text; it may have a size."""
    head = _HEAD + _chunk(b"tEXt", b"url\0" + url.encode())
    left = size - len(head) - len(_TAIL) - len(_chunk(b"tEXt", b""))
    return head + (_chunk(b"tEXt", b"\0".rjust(left, b"x")) if left > 0 else b"") + _TAIL


def pictured(content: bytes) -> str:
    """The URL that an image was downloaded from."""
    begin = content.index(_KEY)
    (length,) = struct.unpack(">I", content[begin - 4 : begin])
    return content[begin + len(_KEY) : begin + len(b"tEXt") + length].decode()
