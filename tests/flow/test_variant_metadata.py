"""Metadata of variants: the keys of the source are synced one by one, and those of the merchant stay."""

from __future__ import annotations

from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.shirts import shirt
from tests.flow.stage import SOURCE_NAME, ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

SKU = "SH1-S-R"


def rows(**metadata: Any) -> list[dict[str, Any]]:
    """A shirt, one variant of which has metadata."""
    variants = [each | ({"metadata": metadata} if each["sku"] == SKU else {}) for each in shirt()["variants"]]
    return [shirt(variants=variants)]


def held(store: FakeMedusa, sku: str = SKU) -> dict[str, Any]:
    [variant] = [each for each in store.products[f"{SOURCE_NAME}:1"].variants if each.sku == sku]
    return {name: value for name, value in (variant.metadata or {}).items() if value != ""}


def edit(store: FakeMedusa, **metadata: Any) -> None:
    """Change metadata of the variant, as the merchant does."""
    [variant] = [each for each in store.products[f"{SOURCE_NAME}:1"].variants if each.sku == SKU]
    variant.metadata = {**(variant.metadata or {}), **metadata}


def run(store: FakeMedusa, source: list[dict[str, Any]], **changes: Any) -> RunResult:
    store.requests.clear()
    return sync(ListSource(source), store, **changes)


@pytest.fixture
def store() -> FakeMedusa:
    store = FakeMedusa()
    assert counts(run(store, rows(fit="slim", washable=True))) == {"created": 1}
    return store


def test_a_new_variant_has_its_metadata_and_a_second_run_writes_nothing(store: FakeMedusa) -> None:
    assert (held(store), held(store, "SH1-M-R")) == ({"fit": "slim", "washable": True}, {})
    assert counts(run(store, rows(fit="slim", washable=True))) == {"unchanged": 1}
    assert writes(store) == []


def test_only_the_key_that_changed_is_written_and_a_dry_run_shows_it(store: FakeMedusa) -> None:
    edit(store, own="kept")
    before = held(store)
    for dry_run in (True, False):
        assert held(store) == before
        [outcome] = run(store, rows(fit="wide", washable=True), dry_run=dry_run).changes
        [change] = outcome.changes
        assert (change.field, change.stored, change.planned) == ("metadata.fit", "slim", "wide")
    assert held(store) == {"fit": "wide", "washable": True, "own": "kept"}
    assert counts(run(store, rows(fit="wide", washable=True))) == {"unchanged": 1}


def test_a_key_that_the_source_drops_is_removed_and_those_of_the_merchant_stay(store: FakeMedusa) -> None:
    edit(store, own="kept")
    assert counts(run(store, rows(washable=True))) == {"updated": 1}
    assert held(store) == {"washable": True, "own": "kept"}
    assert counts(run(store, rows(washable=True))) == {"unchanged": 1}


def test_metadata_that_option_values_are_changed_with_is_whole(store: FakeMedusa) -> None:
    """Then the store replaces the metadata of a variant."""
    edit(store, own="kept")
    [changed] = rows(fit="wide", washable=True)
    for each in changed["variants"]:
        each["options"] = {"Size": each["options"]["Size"].lower(), "Colour": each["options"]["Colour"]}
    assert counts(run(store, [changed])) == {"updated": 1}
    assert held(store) == {"fit": "wide", "washable": True, "own": "kept"}


@pytest.mark.parametrize(("kept", "expected"), [("source", "wide"), ("store", "tailored")])
def test_if_both_changed_a_key_the_policy_decides(store: FakeMedusa, kept: str, expected: str) -> None:
    edit(store, fit="tailored")
    result = run(store, rows(fit="wide", washable=True), on_conflict=f"source,metadata.fit={kept}")
    assert held(store)["fit"] == expected
    assert [each.field for change in result.changes for each in change.conflicts] == ["metadata.fit"]


def test_a_product_that_gets_metadata_for_its_variants_is_written_once() -> None:
    """A source that had none is read as before."""
    store = FakeMedusa()
    run(store, [shirt()])
    assert counts(run(store, rows(fit="slim"))) == {"updated": 1}
    assert held(store) == {"fit": "slim"}
    assert counts(run(store, rows(fit="slim"))) == {"unchanged": 1}


@pytest.mark.parametrize("odd", [{"depth": 1}, ["a"], None, float("nan")])
def test_values_that_the_store_cannot_keep_are_left_out(odd: Any) -> None:
    store = FakeMedusa()
    assert counts(run(store, rows(fit="slim", odd=odd))) == {"created": 1}
    assert held(store) == {"fit": "slim"}
    source = rows()
    source[0]["variants"][0]["metadata"] = [odd]
    assert counts(run(store, source)) == {"updated": 1}
    assert held(store) == {}
