"""Builders for unit tests: source rows, desired products, records, clients."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import httpx
import msgspec
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import MedusaSyncError, StoreError
from medusa_sync.http import Downloads, HttpClient
from medusa_sync.medusa.client import ApiKey, Credentials, MedusaClient
from medusa_sync.retry import Rate
from medusa_sync.sources.delivery import MappingOptions
from medusa_sync.sources.mapping import to_desired
from medusa_sync.sources.schema import SourceDimensions, SourceMeta, SourceProduct
from medusa_sync.stop import Stop
from tests.harness.catalogue import product
from tests.harness.dummyjson import ABSENT

SOURCE_URL: Final = "https://source.example/products"
STORE_URL: Final = "http://store.example:9000"
CURRENCY: Final = "usd"

# --- the source -----------------------------------------------------------------------------------------


def row(number: int = 1, /, **changes: Any) -> dict[str, Any]:
    """A product as the source delivers it, without the fields that are set to `ABSENT`."""
    changed = product(number) | changes
    return {name: value for name, value in changed.items() if value is not ABSENT}


# --- what the store should hold -------------------------------------------------------------------------


def mapped(product: SourceProduct) -> DesiredProduct:
    desired = to_desired(product, MappingOptions("dummyjson", CURRENCY))
    assert isinstance(desired, DesiredProduct), desired
    return desired


def desired_product(number: int = 1, /, **changes: Any) -> DesiredProduct:
    """The mapping of `row(number, **changes)`."""
    return mapped(msgspec.convert(row(number, **changes), SourceProduct))


def all_fields(desired: DesiredProduct) -> dict[str, Any]:
    """The fields of a product with a single variant, and those of the variant."""
    return {"sku": None, "barcode": None, "stock": None, **desired.fields, **desired.variants[0].fields}


# --- records --------------------------------------------------------------------------------------------


def as_json(record: Any) -> Any:
    """The record as the store returns it: PostgreSQL sorts the keys of objects by their length."""
    return _sorted(msgspec.json.decode(msgspec.json.encode(record)))


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return [_sorted(member) for member in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return {key: _sorted(value[key]) for key in keys}


# --- any product ----------------------------------------------------------------------------------------

ANY_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=60)  # including unpaired surrogates
_AMOUNTS: Final = st.integers(0, 10**12) | st.floats(0, 1e12)
_COUNTS: Final = st.integers(0, 2**31 - 1)
_URLS: Final = st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9/]{0,60}", fullmatch=True) | ANY_TEXT


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


_TEXTS: Final = (
    *("description", "category", "brand", "sku", "return_policy", "availability_status"),
    *("warranty_information", "shipping_information"),
)
SOURCE_PRODUCTS: Final = st.builds(
    SourceProduct,
    id=st.integers(0, 2**53),
    title=ANY_TEXT.map(lambda text: f"{text}x"),
    price=_AMOUNTS,
    categories=_maybe(st.lists(st.lists(ANY_TEXT, max_size=3).map(tuple), max_size=3).map(tuple)),
    tags=_maybe(st.lists(ANY_TEXT, max_size=3).map(tuple)),
    dimensions=_maybe(st.builds(SourceDimensions, _maybe(_AMOUNTS), _maybe(_AMOUNTS), _maybe(_AMOUNTS))),
    images=_maybe(st.lists(_URLS, max_size=3).map(tuple)),
    thumbnail=_maybe(_URLS),
    reviews=_maybe(st.lists(st.none(), max_size=3)),
    meta=_maybe(st.builds(SourceMeta, _maybe(ANY_TEXT))),
    **dict.fromkeys(_TEXTS, _maybe(ANY_TEXT)),
    **dict.fromkeys(("weight", "rating", "discount_percentage"), _maybe(_AMOUNTS)),
    **dict.fromkeys(("stock", "minimum_order_quantity"), _maybe(_COUNTS)),
)
DESIRED_PRODUCTS: Final = SOURCE_PRODUCTS.map(mapped)

# --- clients --------------------------------------------------------------------------------------------


def http_client(
    pool: httpx.AsyncClient,
    *,
    unavailable: Callable[[str], MedusaSyncError] = StoreError,
    rate: Rate | None = None,
    stop: Stop | None = None,
    requests: list[tuple[str, str]] | None = None,
    on_retry: Callable[[], None] = lambda: None,
    kept: Downloads | None = None,
) -> HttpClient:
    """A client that adds the method and the URL of each request to a list."""
    seen = [] if requests is None else requests
    return HttpClient(
        pool,
        max_retries=2,
        unavailable=unavailable,
        on_request=lambda method, url: seen.append((method, url)),
        on_retry=on_retry,
        stop=stop or Stop(),
        rate=rate,
        kept=kept,
    )


def medusa_client(pool: httpx.AsyncClient, credentials: Credentials | None = None) -> MedusaClient:
    return MedusaClient(http_client(pool), credentials or ApiKey("sk_key"), url=STORE_URL)


# --- servers --------------------------------------------------------------------------------------------


class Body(httpx.AsyncByteStream):
    """A body in parts, with a pause before each one; an error among them breaks the connection."""

    def __init__(self, *parts: bytes | Exception, pause_s: float = 0) -> None:
        self.read = 0  # bytes of the latest reading
        self._parts = parts
        self._pause_s = pause_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.read = 0
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            if self._pause_s:
                await asyncio.sleep(self._pause_s)
            self.read += len(part)
            yield part


def respond(httpx_mock: HTTPXMock, *responses: Any, times: int = 1, **how: Any) -> None:
    """Respond in turn with a status, a broken connection, or the parts of a body."""
    for each in responses * times:
        match each:
            case int():
                httpx_mock.add_response(each, **how)
            case Exception():
                httpx_mock.add_exception(each)
            case _:
                httpx_mock.add_response(stream=Body(*each), **how)
