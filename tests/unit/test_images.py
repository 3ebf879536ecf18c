"""Images are downloaded from allowed hosts only, and nothing else than images."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from medusa_sync import images
from medusa_sync.errors import ImageError
from medusa_sync.images import AllowedHosts, Images
from medusa_sync.redirects import is_public
from tests.harness.picture_server import PNG
from tests.unit.builders import http_client

JPEG, GIF = b"\xff\xd8\xff\xe0", b"GIF89a"
WEBP, AVIF = b"RIFF\x10\x00\x00\x00WEBPVP8 ", b"\x00\x00\x00\x20ftypavif"
NAMES = {
    "public.example": ["93.184.216.34"],
    "two.example": ["93.184.216.34", "2606:2800:220:1::1"],
    "inside.example": ["10.0.0.7"],
    "mixed.example": ["93.184.216.34", "127.0.0.1"],
    "unknown.example": [],
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    async def addresses(host: str) -> list[Any]:
        return [ip_address(each) for each in NAMES[host]] if host in NAMES else [ip_address(host)]

    monkeypatch.setattr(images, "addresses", addresses)


class Server(httpx.AsyncBaseTransport):
    """What a request reaches."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)


def an_image(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "image/png"}, content=PNG + b"1")


def download(url: str, server: Server, *hosts: str, public: bool = True) -> images.Image:
    async def run() -> images.Image:
        transport = AllowedHosts(server, {*hosts}, allows_public=public)
        async with httpx.AsyncClient(transport=transport, follow_redirects=True) as pool:
            found = await Images(http_client(pool, unavailable=ImageError)).download(url)
            assert found is not None
            return found

    found = asyncio.run(run())
    found.file.close()
    return found


@pytest.mark.parametrize(
    ("content", "type_", "ending"),
    [
        (PNG, "image/png", "png"),
        (JPEG, "image/jpeg", "jpg"),
        (GIF, "image/gif", "gif"),
        (WEBP, "image/webp", "webp"),
        (AVIF, "image/avif", "avif"),
    ],
)
@pytest.mark.parametrize("kind", ["image/x", "IMAGE/PNG; a=b", "", "binary/octet-stream"])
def test_first_bytes_tell_what_an_image_is(content: bytes, type_: str, ending: str, kind: str) -> None:
    answer = httpx.Response(200, headers={"content-type": kind} if kind else {}, content=content + b"....")
    found = download("https://public.example/a", Server(lambda _: answer))
    assert (found.type, found.ending, found.size) == (type_, ending, len(content) + 4)


@pytest.mark.parametrize("host", ["public.example", "two.example", "93.184.216.34"])
def test_the_checked_address_is_the_one_that_is_connected_to(host: str) -> None:
    server = Server(an_image)
    download(f"https://{host}/a.png?b=c%20d#e", server)
    [request] = server.requests
    assert str(request.url) == "https://93.184.216.34/a.png?b=c%20d"
    assert request.headers["host"] == host
    assert request.extensions["sni_hostname"] == host


@pytest.mark.parametrize(
    "host",
    [
        *("inside.example", "mixed.example", "127.0.0.1", "169.254.169.254", "[::1]", "[fe80::1]"),
        *("[::ffff:10.0.0.1]", "[2002:7f00:1::]", "0.0.0.0", "224.0.0.1", "100.64.0.1"),  # noqa: S104 - refused
    ],
)
def test_private_addresses_are_refused_unless_their_host_is_named(host: str) -> None:
    server = Server(an_image)
    with pytest.raises(ImageError, match=r"is in a private network.* name it with --copy-images"):
        download(f"http://{host}/a.png", server)
    assert server.requests == []
    download(f"http://{host}/a.png", server, host.strip("[]"))
    assert server.requests[0].url.host == host.strip("[]")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://inside.example/", "inside.example is in a private network"),
        ("http://127.0.0.1:9000/admin", "127.0.0.1 is in a private network"),
        ("//[::1]/a.png", "::1 is in a private network"),
        ("file:///etc/passwd", "its URL begins with file"),
        ("ftp://public.example/a.png", "its URL begins with ftp"),
        ("https://unknown.example/", "the name unknown.example is unknown"),
    ],
)
def test_each_redirect_is_checked(target: str, reason: str) -> None:
    server = Server(lambda _: httpx.Response(302, headers={"location": target}))
    with pytest.raises(ImageError, match=re.escape(reason)):
        download("https://public.example/a.png", server)
    assert {str(each.url) for each in server.requests} == {"https://93.184.216.34/a.png"}


def test_relative_redirects_keep_the_name_of_the_host() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_first = request.url.path == "/a.png"
        return httpx.Response(302, headers={"location": "/b.png"}) if is_first else an_image(request)

    server = Server(answer)
    download("https://public.example/a.png", server)
    assert [each.headers["host"] for each in server.requests] == ["public.example"] * 2
    assert str(server.requests[1].url) == "https://93.184.216.34/b.png"


def test_only_named_hosts_are_asked_if_public_ones_are_not_allowed() -> None:
    server = Server(lambda _: httpx.Response(302, headers={"location": "https://two.example/"}))
    with pytest.raises(ImageError, match=r"its host two.example is not named with --copy-images"):
        download("https://public.example/a.png", server, "public.example", public=False)
    assert len(server.requests) == 1


def test_the_next_address_is_tried_if_there_is_no_connection() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "93.184.216.34":
            raise httpx.ConnectError("refused")
        return an_image(request)

    server = Server(answer)
    download("https://two.example/a.png", server)
    assert server.requests[-1].url.host == "2606:2800:220:1::1"


def test_an_image_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_LONGEST_S", 0.01)

    class Slow(Server):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(1)
            return an_image(request)

    with pytest.raises(ImageError, match=r"it took more than 0.01 seconds"):
        download("https://public.example/a.png", Slow(an_image))


class Endless(httpx.AsyncByteStream):
    """An image whose first bytes are enough."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield PNG
        yield bytes(8)
        raise AssertionError


@pytest.mark.parametrize("length", ["9", "99000000"])
def test_a_look_at_an_image_reads_only_its_first_bytes(length: str) -> None:
    """Also if the server sends all of it, which is refused if it is too long."""
    headers = {"content-type": "image/png", "content-length": length}
    server = Server(lambda _: httpx.Response(200, headers=headers, stream=Endless()))

    async def run() -> bool:
        transport = AllowedHosts(server, (), allows_public=True)
        async with httpx.AsyncClient(transport=transport) as pool:
            return await Images(http_client(pool, unavailable=ImageError)).look("https://two.example/a.png")

    if length == "9":
        assert asyncio.run(run())
    else:
        with pytest.raises(ImageError, match="the image is longer than 10 MB"):
            asyncio.run(run())
    assert server.requests[0].headers["range"] == "bytes=0-15"


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))
