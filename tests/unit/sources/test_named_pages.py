"""Pages that another page names are requested as it says, but never elsewhere."""

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


def serve(httpx_mock: HTTPXMock, *responses: httpx.Response) -> None:
    them = iter([*responses, httpx.Response(200, json=[row(2)])])
    httpx_mock.add_callback(lambda _request: next(them), is_reusable=True)


@every_name
@pytest.mark.parametrize(
    "url",
    [
        f"{SOURCE_URL}?after=1%2Bb+c%20d&sig=x==",
        "https://SOURCE.example:443/products?after=1%2Bb+c%20d&sig=x==",
        "//source.example/products?after=1%2Bb+c%20d&sig=x==",
        "?after=1%2Bb+c%20d&sig=x==",
        "products?after=1%2Bb+c%20d&sig=x==#top",
        "http://source.example/products?after=1%2Bb+c%20d&sig=x==",  # an API behind a proxy with HTTPS
        "https://me:hush@source.example/products?after=1%2Bb+c%20d&sig=x==",  # credentials are not used
    ],
)
async def test_a_page_is_requested_as_it_is_named(
    httpx_mock: HTTPXMock, source: Source, name: Name, url: str
) -> None:
    serve(httpx_mock, name(url))
    assert ids(await rows(source)) == [1, 2]
    request = httpx_mock.get_requests()[1]
    assert str(request.url) == f"{SOURCE_URL}?after=1%2Bb+c%20d&sig=x=="
    assert "authorization" not in request.headers


@every_name
@pytest.mark.parametrize(
    ("url", "place"),
    [
        *((f"{place}/products", place) for place in ("https://other.example", "http://source.example:8080")),
        *((f"{place}/p", place) for place in ("https://sub.source.example", "ftp://source.example")),
        ("https://source.example@other.example/products", "https://other.example"),
        ("//other.example/products", "https://other.example"),
    ],
)
async def test_a_page_elsewhere_is_an_error(
    httpx_mock: HTTPXMock, source: Source, name: Name, url: str, place: str
) -> None:
    serve(httpx_mock, name(url))
    with pytest.raises(SourceError) as caught:
        await rows(source)
    assert str(caught.value) == f"{SOURCE_URL}: the next page has another scheme, host or port: {place}"
    assert "Set --source (SYNC_PRODUCTS_SOURCE) to the scheme, host and port" in caught.value.hint
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize(
    ("url", "response", "words"),
    [
        *((url, [], ": the URL of the next page is invalid") for url in ("http://[", "//source.example:x")),
        (
            "/products/2?key=hush",
            httpx.Response(404, json={"message": "no"}),
            "/2: .* responded with 404: no",
        ),
        ("/products/2?key=hush", httpx.Response(200, html="<html>"), "/2: .*is HTML, not JSON"),
        ("/products/2?key=hush", httpx.Response(200, json={"items": 3}), "/2: .*has no list of products"),
    ],
)
async def test_a_broken_page_is_an_error_after_the_products_before_it(
    httpx_mock: HTTPXMock, source: Source, url: str, response: Any, words: str
) -> None:
    serve(httpx_mock, NAMES["next"](url), *([response] if response else []))
    delivery = source.pages(None)
    assert len((await anext(delivery)).rows) == 1
    with pytest.raises(SourceError, match=f"{SOURCE_URL}{words}") as caught:
        await anext(delivery)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("host", ["source.example", "www.source.example"])
async def test_a_page_is_relative_to_the_one_that_names_it(
    httpx_mock: HTTPXMock, source: Source, host: str
) -> None:
    moved = httpx.Response(302, headers={"location": f"https://{host}/v2/list?size=1"})
    serve(httpx_mock, moved, NAMES["next"]("more?after=1"))
    if host == "source.example":
        assert ids(await rows(source)) == [1, 2]
        assert str(httpx_mock.get_requests()[-1].url) == "https://source.example/v2/more?after=1"
        return
    with pytest.raises(SourceError, match=r"host or port: https://www\.source\.example$"):
        await rows(source)
