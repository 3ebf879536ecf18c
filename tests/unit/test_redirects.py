"""Which redirects of a source are followed."""

import socket
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.redirects import check_redirect

pytestmark = pytest.mark.anyio

HOSTS = {
    "public.example": ["93.184.216.34", "2606:2800:220:1::1"],
    "other.example": ["1.1.1.1"],
    "inner.example": ["10.0.0.7"],
    "mixed.example": ["93.184.216.34", "::1"],
    "127.1": ["127.0.0.1"],
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(host: Any, *_: object, **__: object) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in HOSTS:
            raise socket.gaierror(-2, "Name or service not known")
        return [(0, 0, 0, "", (address, 0)) for address in HOSTS[name]]

    monkeypatch.setattr(socket, "getaddrinfo", find)


async def followed(httpx_mock: HTTPXMock, url: str, location: str) -> str:
    """The URL that sent the response."""
    httpx_mock.add_response(302, headers={"location": location}, url=url)
    httpx_mock.add_response(is_optional=True)
    async with httpx.AsyncClient(
        follow_redirects=True, event_hooks={"response": [check_redirect]}, trust_env=False
    ) as client:
        return str((await client.get(url)).url)


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("https://public.example/a", "/b", "https://public.example/b"),
        ("https://public.example/a", "b?c", "https://public.example/b?c"),
        ("http://public.example/a", "https://public.example/a", "https://public.example/a"),
        ("https://public.example/a", "https://other.example:8443/", "https://other.example:8443/"),
        ("https://public.example/a", "//other.example/", "https://other.example/"),
        ("http://public.example/a", "http://other.example/", "http://other.example/"),
        ("https://public.example/a", "https://unknown.example/", "https://unknown.example/"),
        ("http://inner.example/a", "http://192.168.0.1/", "http://192.168.0.1/"),
        ("http://127.0.0.1:9000/a", "http://localhost:9001/", "http://localhost:9001/"),
        ("http://inner.example/a", "http://public.example/", "http://public.example/"),
        ("http://127.0.0.1/a", "http://127.0.0.1:8080/b", "http://127.0.0.1:8080/b"),
    ],
)
async def test_a_redirect_that_is_as_safe_is_followed(
    httpx_mock: HTTPXMock, url: str, location: str, target: str
) -> None:
    assert await followed(httpx_mock, url, location) == target


@pytest.mark.parametrize(
    ("url", "location", "words"),
    [
        (
            "https://public.example/a",
            "http://public.example/a",
            "to http://public.example, which is less safe",
        ),
        ("https://inner.example/a", "http://inner.example/a", "which is less safe"),
        ("https://public.example/a", "ftp://public.example/a", "which is less safe"),
        ("https://public.example/a", "file:///etc/passwd", "which is less safe"),
        ("https://public.example/a", "https://public.example:99999/", "invalid port: .*:99999"),
        ("https://public.example/a", "https://[::1/", "invalid URL"),
        *(
            ("http://public.example/a", f"http://{host}/?key=hush", "which is in a private network. If that")
            for host in (
                *("localhost", "api.localhost.", "127.0.0.1:9000", "127.1", "10.1.2.3", "192.168.0.1"),
                *("169.254.169.254", "[::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "0.0.0.1", "100.64.0.1"),
                *("inner.example", "mixed.example"),
            )
        ),
        ("http://unknown.example/a", "http://10.1.2.3/", "which is in a private network"),
    ],
)
async def test_a_redirect_that_is_less_safe_is_not_followed(
    httpx_mock: HTTPXMock, url: str, location: str, words: str
) -> None:
    with pytest.raises(httpx.RequestError, match=words) as caught:
        await followed(httpx_mock, url, location)
    assert len(httpx_mock.get_requests()) == 1
    assert "hush" not in str(caught.value)
