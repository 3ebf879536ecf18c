"""A saved plan on a real store: it is the same each time, and written exactly and once."""

from pathlib import Path
from typing import Any

from tests.harness import catalogue
from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.harness.shirts import shirts
from tests.tiers import deep
from tests.world.shop import Shop

ROWS = [*catalogue.whole_sample()[:30], *shirts(2)]
for number, row in enumerate(ROWS, 1):
    row["id"] = number


def plan(source: DummyJson, shop: Shop, file: Path, **options: str) -> bytes:
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    result = medusa_sync(
        "--source", source.url, "--dry-run", "--save-plan", str(file), *flags, store=shop.store
    )
    assert result.exit_code == 0, result.stderr
    return file.read_bytes()


def apply(shop: Shop, file: Path) -> Finished:
    return medusa_sync("--apply-plan", str(file), "--json", store=shop.store)


def without_order(value: Any) -> Any:
    """The store lists the options and variants of a product in any order."""
    if isinstance(value, dict):
        return {name: without_order(each) for name, each in value.items()}
    return sorted(map(without_order, value), key=str) if isinstance(value, list) else value


@deep  # flow tests prove plans; a recipe writes one in the quick tests
def test_a_plan_is_the_same_each_time_and_is_written_exactly_and_once(
    source: DummyJson, shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "plan.ndjson"
    assert plan(source, shop, file) == plan(source, shop, file)
    assert apply(shop, file).counts == {"created": len(ROWS)}
    assert medusa_sync("--source", source.url, "--json", store=shop.store).counts == {"unchanged": len(ROWS)}
    assert apply(shop, file).counts == {"unchanged": len(ROWS)}

    for number in range(1, 21):
        source.edit(
            number, price=number + 0.5, stock=number, tags=["a", f"tag {number}"], title=f"New {number}"
        )
    source.edit(len(ROWS), variants=ROWS[-1]["variants"][1:])
    source.edit(1, sku=ROWS[1].get("sku"))
    source.edit(2, sku=ROWS[0].get("sku"))
    source.remove(30)
    first = plan(source, shop, file, on_missing="delete")
    assert plan(source, shop, file, on_missing="delete") == first
    assert oct(file.stat().st_mode).endswith("600")
    edited = shop.by_external_id()["dummyjson:5"]["id"]
    shop.post(f"/admin/products/{edited}", {"title": "Mine"})
    source.edit(6, title="Not in the plan")
    result = apply(shop, file)
    assert (result.exit_code, result.counts) == (6, {"updated": 20, "skipped": 1, "removed": 1})
    [skipped] = result.document["skipped"]
    assert "title is Mine now, was" in skipped["reason"]
    stored = shop.by_external_id()
    assert (stored["dummyjson:5"]["title"], stored["dummyjson:6"]["title"]) == ("Mine", "New 6")
    assert apply(shop, file).counts == {"unchanged": 20, "skipped": 1}
    assert without_order(shop.by_external_id()) == without_order(stored)
