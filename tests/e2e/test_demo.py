"""`make demo` shows what it promises, with the sample and with a file of the user."""

import re
from pathlib import Path

import pytest

from tests.harness.demo import Demo, chosen
from tests.tiers import sampled
from tests.world.shop import Shop
from tests.world.stored import stored_in

OWN = """id,title,price,sku,stock,option1_name,option1_value,categories
1,Mug,9.50,MUG,20,,,Kitchen > Mugs
2,Shirt,20.00,SHIRT-S,4,Size,S,Clothes
2,,22.00,SHIRT-M,0,Size,M,
3,Plate,-7.00,PLATE,35,,,Kitchen
"""


@pytest.mark.parametrize(
    ("name", "title", "code"),
    sampled([("", "Olive Wood Spoon", 0), ("own.csv", "Shirt", 5)], ("own.csv", "Shirt", 5)),
)
def test_it_shows_an_edit_that_survives_a_conflict_and_a_quiet_run(
    name: str,
    title: str,
    code: int,
    shop: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text(OWN, encoding="utf-8")
    with chosen(name) as source:
        Demo(shop.store, source).show()
    steps = re.split(r"^--- .* ---$", capfd.readouterr().out, flags=re.MULTILINE)[1:]
    first, unchanged, edited, conflict, quiet, advice = steps
    assert "created" in first
    assert "created" not in unchanged
    assert f'The title in the store is "{title} (edited by the merchant)".' in edited
    assert "conflict" in conflict
    assert f"{title} (new)" in conflict
    assert f"(exit code {code})" in quiet
    assert code or quiet.count("\n") < 6, "it prints more than the command and its exit code"
    assert f"{shop.store.url}/app" in advice
    assert f"{title} (new)" in {each["title"] for each in shop.products()}
    assert (tmp_path / "own.csv").read_text(encoding="utf-8") == OWN


def test_the_sample_has_a_price_for_ten_and_stock_at_a_second_location(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    with chosen("") as source:
        Demo(shop.store, source).show()
    shop.location("Outlet")
    [skillet] = stored_in(shop)["demo:2"].variants.values()
    held = {name: skillet.owned[name] for name in ("price", "price.usd.10+", "stock", "stock.Outlet")}
    assert held == {"price": 39.95, "price.usd.10+": 35.5, "stock": 27, "stock.Outlet": 8}
    assert '"Cast Iron Skillet, 26 cm"' in capfd.readouterr().out
