"""Whole runs in memory, from a source that is a list to the fake store."""

import asyncio
import json
import pickle
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import msgspec
from msgspec import structs

from medusa_sync import RunResult
from medusa_sync.core import unfinished
from medusa_sync.core.approval import as_saved
from medusa_sync.core.fields import newer_than
from medusa_sync.medusa import operations
from medusa_sync.report.text import as_text
from medusa_sync.sources.base import Source
from medusa_sync.sources.plan import Header, checksum_of
from medusa_sync.sync.read import scan
from medusa_sync.sync.write import acknowledger, engine
from tests.harness.catalogue import products
from tests.harness.documents import read_document
from tests.harness.fake_medusa import FakeMedusa, Request
from tests.harness.runs import SOURCE_NAME, ListSource, Signal, Watcher, approved, run_once, settings, undone
from tests.harness.runs import document as text_of
from tests.harness.runs import save as save_as
from tests.world.results import counts

__all__ = [
    "SOURCE_NAME",
    "ListSource",
    "Signal",
    "Watcher",
    "approved",
    "counts",
    "run_once",
    "settings",
    "undone",
]

BATCHES = "/admin/products/batch"
TOO_LARGE = "a" * 2_000_000
"""A text with which a product is too large for a request."""


def sync(source: Source | None, store: FakeMedusa, /, **changes: Any) -> RunResult:
    return asyncio.run(run_once(source, store, **changes))


def save(source: Source | None, store: FakeMedusa, file: Path, /, **changes: Any) -> RunResult:
    """Save the plan of a dry run."""
    changes |= {"dry_run": True, "save_plan": file}
    result = sync(source, store, **changes)
    save_as(result, store, file, **changes)
    return result


def apply(file: Path, store: FakeMedusa, **changes: Any) -> RunResult:
    """Write a saved plan."""
    return sync(approved(file), store, **changes)


def with_settings(file: Path, **settings: str) -> None:
    """Write other settings into a saved plan, and correct its checksum."""
    start, *lines = file.read_bytes().splitlines(keepends=True)
    header = msgspec.json.decode(start, type=Header)
    _forge(file, structs.replace(header, settings={**header.settings, **settings}), lines)


def with_lines(file: Path, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change the lines of a saved plan, and correct its checksum."""
    start, *lines = file.read_bytes().splitlines()
    changed = [json.dumps(each).encode() + b"\n" for each in change([*map(json.loads, lines)])]
    _forge(file, msgspec.json.decode(start, type=Header), changed)


def _forge(file: Path, header: Header, lines: Sequence[bytes]) -> None:
    header = structs.replace(header, checksum=checksum_of(header, lines))
    file.write_bytes(b"".join([as_saved(header), b"\n", *lines]))


def sync_url(url: str, store: FakeMedusa, **changes: Any) -> RunResult:
    """A run from a URL or a file, without retries, that may remove anything."""
    store.requests.clear()
    changes = {"max_removals": "100%", "max_retries": 0, "read_timeout": 5, **changes}
    return asyncio.run(run_once(None, store, source=url, **changes))


def constant(name: str, value: float) -> AbstractContextManager[object]:
    """Give a constant another value.

    `BODY_BYTES`: of a bulk call; `SETTLE_S`: how long a run waits for writes that another one has
    noted; `AT_ONCE`: how many products one call acknowledges; `PAGE_SIZE`: of a scan; `MOST_VARIANTS`:
    of products that are noted together.
    """
    [module] = [each for each in (unfinished, acknowledger, scan, engine, operations) if hasattr(each, name)]
    return patch.object(module, name, value)


text = as_text
"""What the command prints."""


def document(result: RunResult, *secrets: str) -> dict[str, Any]:
    """The JSON document of a run without secrets, which fits its schema."""
    return read_document(text_of(result, *secrets))


def writes(store: FakeMedusa) -> list[Request]:
    return [request for request in store.requests if request.method != "GET"]


def details_read(store: FakeMedusa) -> list[set[str]]:
    """The external ids of the products whose details were requested, by request."""
    queries = [request.query for request in store.requests if request.method == "GET"]
    external_ids = {each.id: each.external_id or "" for each in store.state.products.values()}
    return [
        {external_ids.get(value, value) for key, value in query if key in {"external_id[]", "id[]"}}
        for query in queries
        if "variants.price_set" in dict(query).get("fields", "")
    ]


def is_write(request: httpx.Request) -> bool:
    return request.method != "GET"


def is_creation(request: httpx.Request) -> bool:
    """Whether a request creates products."""
    return bool(created_by(request))


def created_by(request: httpx.Request | Request) -> list[Any]:
    """The products that a request creates."""
    if request.method == "POST" and request.url.path == BATCHES:
        return list(json.loads(request.content).get("create", ()))
    return sent_in_bulk(request, "create-products")


def acknowledged_by(request: httpx.Request | Request) -> list[str]:
    """The ids of the products whose record a request makes final, and which it does not change otherwise."""
    if request.method != "POST" or request.url.path != BATCHES:
        return []
    bodies = json.loads(request.content).get("update", ())
    is_final = all(
        body.keys() == {"id", "metadata"} and "pending" not in body["metadata"]["medusa_sync"]
        for body in bodies
    )
    return [body["id"] for body in bodies] if is_final else []


def sent_in_bulk(request: httpx.Request | Request, workflow: str) -> list[Any]:
    """The things in a bulk call of a workflow; empty for any other request."""
    path = request.url.path
    if not (path.startswith("/admin/workflows-executions/") and path.split("/")[3] == workflow):
        return []
    [things] = json.loads(request.content)["input"].values()
    return list(things)


def copies_of(store: FakeMedusa) -> Callable[[], FakeMedusa]:
    """Return a function that makes copies of the store, much faster than deepcopy."""
    store.requests.clear()
    content = pickle.dumps(store)

    def copy() -> FakeMedusa:
        copied: FakeMedusa = pickle.loads(content)  # noqa: S301 - written above
        return copied

    return copy


def without_codes(count: int, title: str = "Product") -> list[dict[str, Any]]:
    """Products without SKU and barcode, which only their external ids identify once their titles change."""
    rows = [row | {"title": f"{title} {row['id']}"} for row in products(count)]
    return [{key: value for key, value in row.items() if key not in {"sku", "meta"}} for row in rows]


def synced(rows: Sequence[Any], **changes: Any) -> FakeMedusa:
    """A store that has these products."""
    return _synced(pickle.dumps((rows, changes)), FakeMedusa.offers_bulk)()


@lru_cache(50)
def _synced(given: bytes, _offers_bulk: bool) -> Callable[[], FakeMedusa]:  # noqa: FBT001 - a part of the key
    rows, changes = pickle.loads(given)  # noqa: S301 - written above
    store = FakeMedusa()
    result = sync(ListSource(list(rows), sale_prices=bool(changes.get("sale_prices"))), store, **changes)
    assert result.exit_code == 0, list(result.problems)
    return copies_of(store)


def record_of(store: FakeMedusa, number: object) -> Any:
    """Our record of a product, which is named by its id at the source."""
    return (store.products[f"{SOURCE_NAME}:{number}"].metadata or {})["medusa_sync"]


def make_former(store: FakeMedusa, number: object) -> None:
    """Give a product the record of a version that did not have the newer fields."""
    record = record_of(store, number)
    del record["knows"], record["source"]
    names = {each.name for each in newer_than(0)}
    for fields in (record["fields"], *(fields for _, fields, *_ in record["variants"].values())):
        for name in names & fields.keys():
            del fields[name]
    store.requests.clear()


def assert_exact(rows: Sequence[dict[str, Any]], store: FakeMedusa, *, items_follow: bool = True) -> None:
    """The store has every row once, as mapped, with its stock, and no duplicate tag or category."""
    held = store.products
    assert held.keys() == {f"{SOURCE_NAME}:{row['id']}" for row in rows}
    for row in rows:
        product = held[f"{SOURCE_NAME}:{row['id']}"]
        [variant] = product.variants
        assert (product.title, variant.sku) == (row["title"], row["sku"])
        assert [(p.currency_code, p.amount) for p in variant.prices] == [("usd", row["price"])]
        assert store.level_of(row["sku"]) == row["stock"], row["id"]
    values = [tag.value for tag in store.state.tags.values()]
    assert len(values) == len(set(values))
    handles = [category.handle for category in store.state.categories.values()]
    assert len(handles) == len(set(handles))
    if items_follow:
        assert_items_follow(store)


def assert_items_follow(store: FakeMedusa) -> None:
    """Each stocked variant has one inventory item, with the same SKU, and others have none."""
    for variant in store.state.variants().values():
        skus = [store.state.items[item_id].sku for item_id in variant.item_ids]
        assert skus == [variant.sku] * variant.manage_inventory


def assert_quiet(source: ListSource, store: FakeMedusa, **changes: Any) -> RunResult:
    """The next run finds nothing to do, and writes nothing."""
    store.requests.clear()
    result = sync(source, store, **changes)
    assert counts(result) == {"unchanged": len(source.rows)}, list(result.problems)
    assert (result.exit_code, result.conflicts, writes(store)) == (0, 0, [])
    return result
