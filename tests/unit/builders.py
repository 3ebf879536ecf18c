"""Builders for unit tests: source rows, desired and stored products, clients."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import msgspec
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.fields import FIELDS, METADATA, Place
from medusa_sync.core.options import DEFAULT
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import ONLY, RECORD_KEY, Record, applied, parse_record, remember
from medusa_sync.core.stored import StoredCategory, StoredCollection, StoredImage, StoredProduct, StoredValue
from medusa_sync.core.stored_variant import (
    Entity,
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredOptionValue,
    StoredPrice,
    StoredVariant,
)
from medusa_sync.errors import MedusaSyncError, StoreError
from medusa_sync.http import HttpClient
from medusa_sync.medusa.client import ApiKey, Credentials, MedusaClient
from medusa_sync.retry import Rate
from medusa_sync.sources.mapping import MappingOptions, to_desired
from medusa_sync.sources.schema import SourceDimensions, SourceMeta, SourceProduct
from medusa_sync.stop import Stop
from tests.harness.catalogue import product
from tests.harness.dummyjson import ABSENT

SOURCE_URL: Final = "https://source.example/products"
STORE_URL: Final = "http://store.example:9000"
LOCATION: Final = "sloc_1"
CURRENCY: Final = "usd"

# --- the source -----------------------------------------------------------------------------------------


def row(number: int = 1, /, **changes: Any) -> dict[str, Any]:
    """A product as the source delivers it, without the fields that are set to `ABSENT`."""
    changed = product(number) | changes
    return {name: value for name, value in changed.items() if value is not ABSENT}


def source_product(number: int = 1, /, **changes: Any) -> SourceProduct:
    return msgspec.convert(row(number, **changes), SourceProduct)


# --- what the store should hold -------------------------------------------------------------------------


def mapped(product: SourceProduct) -> DesiredProduct:
    desired = to_desired(product, MappingOptions("dummyjson", CURRENCY))
    assert isinstance(desired, DesiredProduct), desired
    return desired


def desired_product(number: int = 1, /, **changes: Any) -> DesiredProduct:
    """The mapping of `row(number, **changes)`."""
    return mapped(source_product(number, **changes))


def with_fields(desired: DesiredProduct, **fields: Value) -> DesiredProduct:
    """The product with other values of its fields, or of those of its only variant."""
    own = {name: value for name, value in fields.items() if name in desired.fields}
    [variant] = desired.variants
    of_variant = {**variant.fields, **{name: fields[name] for name in fields if name not in own}}
    kept = {name: value for name, value in of_variant.items() if value is not None}
    variants = (structs.replace(variant, fields=kept),)
    return structs.replace(desired, fields={**desired.fields, **own}, variants=variants)


def all_fields(desired: DesiredProduct) -> dict[str, Any]:
    """The fields of a product with a single variant, and those of the variant."""
    return {"sku": None, "barcode": None, "stock": None, **desired.fields, **desired.variants[0].fields}


def applied_ids(desired: DesiredProduct, variant: str = "variant_01") -> Record:
    """The record of a product with a single variant."""
    return applied(desired, variants={ONLY: variant})


# --- what the store holds -------------------------------------------------------------------------------


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


def record_1(desired: DesiredProduct, *, pending: str = "", drafted: bool = False) -> dict[str, Any]:
    """The record as the first version of this tool wrote it."""
    fields = as_json({name: remember(value) for name, value in all_fields(desired).items()})
    more: dict[str, Any] = {"pending": pending} if pending else {}
    return {"fields": fields, "currency": desired.currency, **more, **({"drafted": True} if drafted else {})}


def record_2(desired: DesiredProduct, *, sent: Mapping[str, Value] | None = None) -> dict[str, Any]:
    """The record as the second version wrote it.

    Args:
        desired: what is applied.
        sent: values of an update that may be incomplete.
    """
    fields = as_json({name: remember(value) for name, value in all_fields(desired).items()})
    record = {"version": 2, "fields": fields, "currency": desired.currency, "variant": "variant_01"}
    if sent is None:
        return record
    late = {name: [value] for name, value in sent.items()}
    return record | {"pending": {"step": "update", "fields": late, "currency": desired.currency, "at": 0}}


def stored_metadata(desired: DesiredProduct) -> dict[str, Any]:
    """The metadata of the stored product, without its record."""
    return {
        name.removeprefix(METADATA): value
        for name, value in desired.fields.items()
        if name.startswith(METADATA) and value is not None
    }


def stored_variant(desired: DesiredProduct, **changes: Any) -> StoredVariant:
    fields = all_fields(desired)
    level = StoredLevel(LOCATION, fields["stock"])
    levels = () if fields["stock"] is None else (level,)
    item = StoredInventoryItem("iitem_01", StoredInventory(levels, fields["sku"]))
    variant = StoredVariant(
        id="variant_01",
        options=(StoredOptionValue("opt_01", DEFAULT),),
        sku=fields["sku"],
        barcode=fields["barcode"],
        manage_inventory=fields["stock"] is not None,
        prices=(StoredPrice("price_01", desired.currency, fields["price"]),),
        inventory_items=(item,) if levels else (),
    )
    return structs.replace(variant, **changes)


def stored_product(desired: DesiredProduct, **changes: Any) -> StoredProduct:
    """The stored product after `desired` was applied and the merchant made `changes`."""
    fields: dict[str, Any] = dict(desired.fields)
    plain = [each.name for each in FIELDS.values() if each.place is Place.PRODUCT and not each.member]
    stored = StoredProduct(
        id=f"prod_{desired.source_id}",
        external_id=desired.external_id,
        record=applied_ids(desired),
        metadata=stored_metadata(desired),
        handle=f"product-{desired.source_id}",
        status="published",
        images=tuple(StoredImage(f"img_{url}", url) for url in fields["images"]),
        tags=tuple(StoredValue(f"ptag_{tag}", tag) for tag in fields["tags"]),
        categories=tuple(StoredCategory(f"pcat_{handle}", handle) for handle in fields["categories"]),
        variants=(stored_variant(desired),),
        sales_channels=(Entity("sc_1"),),
        shipping_profile=Entity("sp_1"),
        type=StoredValue("ptyp_01", fields["type"]) if fields["type"] else None,
        collection=StoredCollection("pcol_01", fields["collection"]) if fields["collection"] else None,
        **{name: fields[name] for name in plain},
    )
    return structs.replace(stored, **changes)


def with_record(stored: StoredProduct, record: Any) -> StoredProduct:
    """The product with this in place of its record."""
    return structs.replace(stored, record=parse_record({RECORD_KEY: as_json(record)}))


# --- any product ----------------------------------------------------------------------------------------

ANY_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=60)  # including unpaired surrogates
_AMOUNTS: Final = st.integers(0, 10**12) | st.floats(0, 1e12)
_COUNTS: Final = st.integers(0, 2**31 - 1)
_URLS: Final = st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9/]{0,60}", fullmatch=True) | ANY_TEXT


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


SOURCE_PRODUCTS: Final = st.builds(
    SourceProduct,
    id=st.integers(0, 2**53),
    title=ANY_TEXT.map(lambda text: f"{text}x"),
    price=_AMOUNTS,
    description=_maybe(ANY_TEXT),
    category=_maybe(ANY_TEXT),
    categories=_maybe(st.lists(st.lists(ANY_TEXT, max_size=3).map(tuple), max_size=3).map(tuple)),
    brand=_maybe(ANY_TEXT),
    sku=_maybe(ANY_TEXT),
    stock=_maybe(_COUNTS),
    tags=_maybe(st.lists(ANY_TEXT, max_size=3).map(tuple)),
    weight=_maybe(_AMOUNTS),
    dimensions=_maybe(st.builds(SourceDimensions, _maybe(_AMOUNTS), _maybe(_AMOUNTS), _maybe(_AMOUNTS))),
    images=_maybe(st.lists(_URLS, max_size=3).map(tuple)),
    thumbnail=_maybe(_URLS),
    rating=_maybe(_AMOUNTS),
    reviews=_maybe(st.lists(st.none(), max_size=3)),
    discount_percentage=_maybe(_AMOUNTS),
    warranty_information=_maybe(ANY_TEXT),
    shipping_information=_maybe(ANY_TEXT),
    return_policy=_maybe(ANY_TEXT),
    minimum_order_quantity=_maybe(_COUNTS),
    availability_status=_maybe(ANY_TEXT),
    meta=_maybe(st.builds(SourceMeta, _maybe(ANY_TEXT))),
)
DESIRED_PRODUCTS: Final = SOURCE_PRODUCTS.map(mapped)

# --- clients --------------------------------------------------------------------------------------------


def http_client(
    pool: httpx.AsyncClient,
    *,
    max_retries: int = 2,
    unavailable: Callable[[str], MedusaSyncError] = StoreError,
    rate: Rate | None = None,
    stop: Stop | None = None,
    requests: list[tuple[str, str]] | None = None,
) -> HttpClient:
    """A client that adds the method and the URL of each request to a list."""
    seen = [] if requests is None else requests
    return HttpClient(
        pool,
        max_retries=max_retries,
        unavailable=unavailable,
        on_request=lambda method, url: seen.append((method, url)),
        on_retry=lambda: None,
        stop=stop or Stop(),
        rate=rate,
    )


def medusa_client(pool: httpx.AsyncClient, credentials: Credentials | None = None) -> MedusaClient:
    return MedusaClient(http_client(pool), credentials or ApiKey("sk_key"))
