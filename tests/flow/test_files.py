"""Runs from files, pipes and standard input: the same products in any format are the same products."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from medusa_sync import RunResult, Settings, sync_products
from medusa_sync.sources import base, paging
from tests.flow.stage import SOURCE_NAME, assert_exact, counts, synced, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import ndjson, products
from tests.harness.fake_medusa import FakeMedusa

ROWS = products(60)


def in_frames(body: bytes) -> bytes:
    """Several frames, because nothing of an incomplete one can be decompressed."""
    return b"".join(zstd.compress(body[start : start + 5000]) for start in range(0, len(body), 5000))


FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "JSON": lambda rows: json.dumps(rows).encode(),
    "JSON object": lambda rows: json.dumps({"total": len(rows), "data": rows}, indent=1).encode(),
    "JSON in UTF-16": lambda rows: json.dumps(rows, ensure_ascii=False).encode("utf-16"),
    "NDJSON": ndjson,
    "NDJSON, gzip": lambda rows: gzip.compress(ndjson(rows)),
    "JSON, zstd": lambda rows: in_frames(json.dumps(rows).encode()),
}


def sync_file(path: Path, body: bytes, store: FakeMedusa, **changes: Any) -> RunResult:
    path.write_bytes(body)
    return sync(str(path), store, **changes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "catalogue"


def test_the_same_products_in_another_form_are_unchanged(file: Path) -> None:
    store = FakeMedusa()
    result = sync_file(file, FORMS["NDJSON, gzip"](ROWS), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 60})
    assert_exact(ROWS, store)
    for name, write in FORMS.items():
        result = sync_file(file, write(ROWS), store)
        assert (result.exit_code, counts(result), writes(store)) == (0, {"unchanged": 60}, []), name
        assert result.source_format == name.replace(" object", "").replace(" in UTF-16", "")
        assert (result.seen, result.source_total) == (60, 60)


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_a_first_sync_and_each_dry_run_say_what_is_not_used(tmp_path: Path, ending: str) -> None:
    rows = [{"id": number, "title": f"Mug {number}", "price": 9, "colour": "blue"} for number in (1, 2)]
    table = "\n".join(",".join(map(str, each)) for each in [rows[0], *(row.values() for row in rows)]) + "\n"
    body, file, store = (
        json.dumps(rows) if ending == ".json" else table,
        tmp_path / f"a{ending}",
        FakeMedusa(),
    )
    notes = [
        "Not used: 'colour'." in sync_file(file, body.encode(), store, dry_run=dry_run).notes
        for dry_run in (True, False, False, True)
    ]
    assert notes == [True, True, False, True]


DOUBTS: dict[str, tuple[str, object]] = {
    "Not used: images that are no http(s) URLs: 1.": ("images", ["ftp://a/1.jpg"]),
    "Statuses that are not known: 'live' (1).": ("status", "live"),
    "Prices that are 0: 1.": ("price", 0),
    "Prices with three digits after the point, such as '1.299': 1.": ("price", 1.299),
}


@pytest.mark.parametrize("note", DOUBTS)
def test_each_run_names_the_doubtful_values_of_products_that_have_changed(tmp_path: Path, note: str) -> None:
    field, value = DOUBTS[note]
    row, file, store = {"id": 1, "title": "Mug", "price": 9}, tmp_path / "a.json", FakeMedusa()
    said = []
    for each in (row, row | {field: value}):
        notes = sync_file(file, json.dumps([each, row | {"id": 2}]).encode(), store).notes
        said.append(any(found.startswith(note) for found in notes))
    assert said == [False, True]


@pytest.mark.parametrize(("cell", "note"), [("€", ["Not used: 'Currency Code'."]), ("USD", []), ("", [])])
def test_a_currency_that_is_no_code_is_named_as_not_used(tmp_path: Path, cell: str, note: list[str]) -> None:
    body = "".join(f"{number},Mug {number},9,{cell}\n" for number in (1, 2))
    table = f"id,title,price,Currency Code\n{body}".encode()
    notes = sync_file(tmp_path / "a.csv", table, FakeMedusa(), dry_run=True).notes
    assert [each for each in notes if "Not used" in each] == note


@pytest.mark.parametrize("last", ["3,Mug 3,,blue", ",Mug 3,9,blue"])
def test_columns_that_are_not_used_are_named_although_the_last_row_is_rejected(
    tmp_path: Path, last: str
) -> None:
    body = f"id,title,price,colour\n1,Mug 1,9,blue\n{last}\n"
    result = sync_file(tmp_path / "a.csv", body.encode(), FakeMedusa(), dry_run=True)
    assert counts(result) == {"created": 1, "rejected": 1}
    assert "Not used: 'colour'." in result.notes


@pytest.mark.parametrize(
    ("form", "cut"), [("JSON object", 0.95), ("NDJSON", 0.5), ("NDJSON, gzip", 0.5), ("JSON, zstd", 0.95)]
)
def test_what_came_before_a_cut_is_stored_and_nothing_is_removed(
    file: Path, form: str, cut: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "PAGE_SIZE", 10)
    store = synced(ROWS)
    changed = [row | {"price": row["price"] + 1} for row in ROWS]
    body = FORMS[form](changed)
    result = sync_file(file, body[: int(len(body) * cut)], store, on_missing="delete")
    assert result.exit_code == 3
    assert str(file) in result.error
    assert counts(result) == {"updated": result.seen}
    assert 0 < result.seen < 60
    assert_exact(changed[: result.seen] + ROWS[result.seen :], store)


def test_an_incomplete_list_removes_nothing(file: Path) -> None:
    store = synced(ROWS)
    body = json.dumps({"products": ROWS[:30], "total": 194}).encode()
    result = sync_file(file, body, store, on_missing="delete")
    assert (result.exit_code, result.error) == (3, f"{file}: the file has 30 of 194 products")
    assert_exact(ROWS, store)


def test_nothing_is_removed_if_a_rejected_line_may_be_the_missing_product(file: Path) -> None:
    store = synced(ROWS)
    broken = ndjson(ROWS).replace(b'{"id": 5,', b'{"id": 5;')
    result = sync_file(file, broken, store, on_missing="delete")
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 59, "rejected": 1})
    assert "Nothing is removed, because 1 rejected row without an id may be" in result.notes[0]
    assert_exact(ROWS, store)


ROWS_OF_SHOPIFY = b"""Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price
tee,Tee,Size,S,T-S,5
tee,,,M,T-M,5
tee,,,L,T-L,5
"""


def test_a_variant_whose_row_has_lost_its_id_is_not_removed(file: Path) -> None:
    store = FakeMedusa()
    sync_file(file, ROWS_OF_SHOPIFY, store)
    damaged = ROWS_OF_SHOPIFY.replace(b"tee,,,M", b",,,M")
    for dry_run in (True, False):
        result = sync_file(file, damaged, store, on_missing="delete", dry_run=dry_run)
        assert result.exit_code == 5
    variants = store.products[f"{SOURCE_NAME}:tee"].variants
    assert sorted(str(each.sku) for each in variants) == ["T-L", "T-M", "T-S"]
    result = sync_file(file, ROWS_OF_SHOPIFY, store, on_missing="delete")
    assert (result.exit_code, len(store.products[f"{SOURCE_NAME}:tee"].variants)) == (0, 3)


def test_the_same_rows_in_another_order_write_nothing(file: Path) -> None:
    """Whatever is between the rows of a product."""
    store = FakeMedusa()
    header, *rows = (ROWS_OF_SHOPIFY + b"mug,Mug,,,MUG,5\ncup,Cup,,,CUP,5\n").splitlines(keepends=True)
    sync_file(file, b"".join([header, *rows]), store)
    scattered = [rows[3], rows[0], rows[4], rows[1], rows[2]]
    result = sync_file(file, b"".join([header, *scattered]), store, on_missing="delete")
    assert (result.exit_code, counts(result), writes(store)) == (0, {"unchanged": 3}, [])


@pytest.mark.parametrize(("form", "min_products"), [("JSON", None), ("NDJSON", 60)])
def test_a_file_may_have_more_products_than_an_endless_api(
    file: Path, form: str, min_products: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MAX_PRODUCTS", 25)
    monkeypatch.setattr(base, "PAGE_SIZE", 10)
    store = FakeMedusa()
    result = sync_file(file, FORMS[form](ROWS), store, min_products=min_products)
    assert (result.exit_code, counts(result)) == (0, {"created": 60}), result.error


def test_a_run_that_waits_for_a_pipe_ends_at_its_time_limit(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    store = FakeMedusa()
    result = sync(str(fifo), store, max_duration=0.01)
    assert (result.exit_code, result.seen) == (5, 0)
    assert "was stopped after 0.01 s" in result.error


@pytest.mark.parametrize("line", [b"\n", b"1,Shirt,10\n", b"one column\n"])
@pytest.mark.parametrize(
    ("has_store", "how"),
    [(True, {}), (False, {}), (False, {"min_products": 1}), (False, {"source_map": "id"})],
)
def test_a_time_limit_ends_the_reading_of_a_file(
    *, has_store: bool, how: dict[str, Any], line: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("id").write_text(".")
    part = gzip.compress(line * (2**24 // len(line)))
    Path("endless.csv.gz").write_bytes(gzip.compress(b"id,title,price\n") + part * 100)
    if has_store:
        result = sync("endless.csv.gz", FakeMedusa(), max_duration=0.3)
    else:
        result = sync_products(Settings(source="endless.csv.gz", dry_run=True, max_duration=0.3, **how))
    assert (result.exit_code, result.duration_s < 5) == (5, True), result.error
