"""A dry run is the plan: the next run does what it printed. It also checks the installation."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.shop import Shop
from tests.harness.catalogue import product as generated
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.tiers import times

SIZE = 40
TAGS = [f"tag {letter}" for letter in "abcdefgh"]
VALID = "The installation is valid: settings, credentials, source"


def plan_and_run(source: DummyJson, shop: Shop, *options: str) -> Finished:
    """A run, after checking that it does what a dry run printed."""
    arguments = ["--source", source.url, "--json", *options]
    plan = medusa_sync(*arguments, "--dry-run", store=shop.store)
    assert plan.document["requests"]["store_writes"] == 0
    run = medusa_sync(*arguments, store=shop.store)
    assert shown(plan) == shown(run), (plan.document["problems"], run.document["problems"])
    return run


def shown(run: Finished) -> dict[str, Any]:
    """What both runs must agree on."""
    return {
        "exit code": run.exit_code,
        "counts": run.counts,
        "changes": {each["external_id"]: in_order(each) for each in run.document["changes"]},
        "problems": sorted((each["external_id"], each["outcome"]) for each in run.document["problems"]),
    }


def in_order(value: Any) -> Any:
    """The same value; the store lists the members of sets in any order."""
    if isinstance(value, dict):
        return {name: in_order(each) for name, each in value.items()}
    return sorted((in_order(each) for each in value), key=str) if isinstance(value, list) else value


def edit_source(source: DummyJson, dice: random.Random) -> None:
    rows = source.products
    row, other = dice.sample(rows, 2)
    match dice.choice(
        ["price", "title", "tags", "sku", "swap", "barcode", "category", "stock", "new", "gone"]
    ):
        case "price":
            source.edit(row["id"], price=dice.randrange(100, 99999) / 100)
        case "title":
            source.edit(row["id"], title=f"Title {dice.randrange(10**6)}")
        case "tags":
            source.edit(row["id"], tags=dice.sample(TAGS, 3))
        case "sku":
            source.edit(row["id"], sku=dice.choice([other["sku"], f"NEW-{dice.randrange(10**6)}"]))
        case "swap":
            source.edit(row["id"], sku=other["sku"])
            source.edit(other["id"], sku=row["sku"])
        case "barcode":
            source.edit(row["id"], meta=row["meta"] | {"barcode": other["meta"]["barcode"]})
        case "category":
            source.edit(row["id"], category=dice.choice(["kites", "lamps", "new-aisle"]))
        case "stock":
            source.edit(row["id"], stock=dice.randrange(100))
        case "new":
            number = max(each["id"] for each in rows) + 1
            source.add(generated(number) | {"sku": dice.choice([f"S-{number}", row["sku"]])})
        case _:
            source.remove(row["id"])


def edit_store(shop: Shop, dice: random.Random) -> None:
    stored = dice.choice(shop.products())
    path = f"/admin/products/{stored['id']}"
    match dice.choice(["title", "sku", "tags", "category", "metadata"]):
        case "title":
            shop.post(path, {"title": f"Merchant's {dice.randrange(10**6)}"})
        case "sku":
            sku = f"MERCHANT-{dice.randrange(10**6)}"
            shop.post(f"{path}/variants/{stored['variants'][0]['id']}", {"sku": sku})
        case "tags":
            shop.post(path, {"tags": [{"id": shop.tag(tag)} for tag in dice.sample(TAGS, 2)]})
        case "category":
            categories = shop.get("/admin/product-categories", limit=100)["product_categories"]
            changes = {"handle": f"renamed-{dice.randrange(10**6)}", "name": "Renamed"}
            shop.post(f"/admin/product-categories/{dice.choice(categories)['id']}", changes)
        case _:
            shop.post(path, {"metadata": {"brand": f"Brand {dice.randrange(10**6)}"}})


def test_a_run_does_what_the_dry_run_before_it_printed(shop: Shop) -> None:
    dice = random.Random(1)
    with dummyjson([generated(number) for number in range(1, SIZE + 1)]) as source:
        assert plan_and_run(source, shop).exit_code == 0
        for _ in range(times(8, quick=3)):
            for _ in range(6):
                edit_source(source, dice)
            for _ in range(2):
                edit_store(shop, dice)
            run = plan_and_run(source, shop, "--batch-size", str(dice.choice([2, 5, 15])))
            assert set(run.counts) <= {"created", "updated", "unchanged", "rejected", "conflicts", "withheld"}


@pytest.mark.parametrize(
    ("option", "wrong", "suggested"),
    [
        ("--sales-channel", "Default Sale Channel", "Default Sales Channel"),
        ("--shipping-profile", "default shipping profile", "Default Shipping Profile"),
        ("--stock-location", "Warehouses", "Warehouse"),
        ("--currency", "uds", "usd"),
    ],
)
def test_a_dry_run_checks_the_placement_even_if_there_is_nothing_to_do(
    shop: Shop, option: str, wrong: str, suggested: str
) -> None:
    with dummyjson([]) as source:
        run = medusa_sync("--source", source.url, "--dry-run", option, wrong, store=shop.store)
    assert run.exit_code == 2
    assert f"Did you mean '{suggested}'?" in " ".join(run.stderr.split())


def test_a_dry_run_says_that_the_installation_is_valid(shop: Shop) -> None:
    with dummyjson(products(3)) as source:
        assert medusa_sync("--source", source.url, store=shop.store).exit_code == 0
        run = medusa_sync("--source", source.url, "--dry-run", store=shop.store)
        assert VALID in run.stdout
        assert VALID not in medusa_sync("--source", source.url, store=shop.store).stdout
