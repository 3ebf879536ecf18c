"""Pages that another page names are requested as it says, but never elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Source
from tests.unit.builders import SOURCE_URL, row
from tests.unit.sources.pages import ids, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]

Name = Callable[[str], Any]
NAMES: dict[str, Name] = {
    "link": lambda url: httpx.Response(200, json=[row(1)], headers={"link": f'<{url}>; rel="next"'}),
    "next": lambda url: httpx.Response(200, json={"items": [row(1)], "next": url}),
}
every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def serve_two(httpx_mock: HTTPXMock, first: httpx.Response) -> None:
    responses = iter([first, httpx.Response(200, json=[row(2)])])
    httpx_mock.add_callback(lambda _request: next(responses), is_reusable=True)


@every_name
@pytest.mark.parametrize(
    ("url", "requested"),
    [
        *(
            (url, f"{SOURCE_URL}?after=1")
            for url in (
                f"{SOURCE_URL}?after=1",
                "https://SOURCE.example:443/products?after=1",
                "//source.example/products?after=1",
                "/products?after=1",
                "?after=1",
                "products?after=1#top",
                # An API behind a proxy does not know that the proxy uses HTTPS.
                "http://source.example/products?after=1",
                # Credentials are not used.
                "https://me:hush@source.example/products?after=1",
            )
        ),
        ("?cursor=a%2Bb+c%20d&sig=x==", f"{SOURCE_URL}?cursor=a%2Bb+c%20d&sig=x=="),
    ],
)
async def test_a_page_is_requested_as_it_is_named(
    httpx_mock: HTTPXMock, source: Source, name: Name, url: str, requested: str
) -> None:
    serve_two(httpx_mock, name(url))
    assert ids(await rows(source)) == [1, 2]
    request = httpx_mock.get_requests()[1]
    assert (str(request.url), request.headers.get("authorization")) == (requested, None)


@every_name
@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://other.example/products", "https://other.example"),
        ("https://sub.source.example/products", "https://sub.source.example"),
        ("http://source.example:8080/products", "http://source.example:8080"),
        ("https://source.example:8443/products", "https://source.example:8443"),
        ("https://source.example@other.example/products", "https://other.example"),
        ("//other.example/products", "https://other.example"),
        ("ftp://source.example/products", "ftp://source.example"),
    ],
)
async def test_page_elsewhere_is_an_error(
    httpx_mock: HTTPXMock, source: Source, name: Name, url: str, place: str
) -> None:
    serve_two(httpx_mock, name(url))
    with pytest.raises(SourceError) as caught:
        await rows(source)
    assert str(caught.value) == f"{SOURCE_URL}: the next page has another scheme, host or port: {place}"
    assert "Set --source (SYNC_PRODUCTS_SOURCE) to the scheme, host and port" in caught.value.hint
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize("url", ["http://[", "https://source.example:x/", "//source.example:x", "/\x00"])
async def test_invalid_url_of_a_page_is_an_error_after_its_products(
    httpx_mock: HTTPXMock, source: Source, url: str
) -> None:
    serve_two(httpx_mock, NAMES["next"](url))
    delivery = source.pages(None)
    assert len((await anext(delivery)).rows) == 1
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the URL of the next page is invalid"):
        await anext(delivery)


@pytest.mark.parametrize(("host", "is_read"), [("source.example", True), ("www.source.example", False)])
async def test_page_is_relative_to_the_one_that_names_it(
    httpx_mock: HTTPXMock,
    source: Source,
    host: str,
    is_read: bool,  # noqa: FBT001 - a parameter
) -> None:
    httpx_mock.add_response(302, headers={"location": f"https://{host}/v2/list?size=1"})
    httpx_mock.add_response(json={"items": [], "next": "more?after=1"})
    if is_read:
        httpx_mock.add_response(json={"items": []})
        await rows(source)
        assert str(httpx_mock.get_requests()[-1].url) == "https://source.example/v2/more?after=1"
        return
    with pytest.raises(SourceError, match=r"host or port: https://www\.source\.example$"):
        await rows(source)


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ({"status_code": 404, "json": {"message": "no"}}, "the server responded with 404: no"),
        ({"html": "<html>"}, "is HTML, not JSON"),
        ({"json": {"items": 3}}, "is not a page of products"),
    ],
)
async def test_broken_page_is_an_error_without_its_query(
    httpx_mock: HTTPXMock, source: Source, response: dict[str, Any], words: str
) -> None:
    httpx_mock.add_response(json={"items": [], "next": "/products/2?key=hush"})
    httpx_mock.add_response(**response)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}/2: .*{words}") as caught:
        await rows(source)
    assert "hush" not in str(caught.value)
