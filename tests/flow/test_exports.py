"""Exports of other programs, in their documented shapes, and what a store has after a sync."""

from pathlib import Path
from typing import Any

from tests.flow.stage import SOURCE_NAME, counts, writes
from tests.flow.stage import sync_url as sync
from tests.harness.fake_medusa import FakeMedusa

CATALOGUES = Path(__file__).parents[1] / "catalogues"


def product(store: FakeMedusa, source_id: str) -> Any:
    return store.products[f"{SOURCE_NAME}:{source_id}"]


def prices(store: FakeMedusa, source_id: str) -> dict[str, float]:
    return {each.title: each.prices[0].amount for each in product(store, source_id).variants}


def categories(store: FakeMedusa, source_id: str) -> list[str]:
    """The last two names of each path."""
    known = store.state.categories
    found = [known[own] for own in product(store, source_id).category_ids]
    above = [f"{known[each.parent_category_id].name} > " if each.parent_category_id else "" for each in found]
    return sorted(f"{path}{each.name}" for path, each in zip(above, found, strict=True))


# --- Magento --------------------------------------------------------------------------------------------


def magento(*changes: tuple[str, str], rows: slice = slice(None)) -> str:
    text = (CATALOGUES / "magento.csv").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    header, *lines = text.splitlines()
    return "\n".join([header, *lines[rows], ""])


def test_a_configurable_product_of_magento_gets_its_variations(store: FakeMedusa) -> None:
    """They are scattered, and the first one comes before it."""
    file = CATALOGUES / "magento.csv"
    result = sync(str(file), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 3}), [*result.problems]
    assert result.source_format == "CSV (magento)"
    # Two rows of a store view, and a bundle.
    assert any("3 items of the source give no product" in note for note in result.notes)
    shirt = product(store, "SHIRT")
    assert prices(store, "SHIRT") == {"S / Red": 15, "M / Red": 21}  # L is disabled
    assert prices(store, "MUG") == {"Default": 9.5}  # its special price has an end
    assert [option.title for option in shirt.options] == ["Size", "Color"]
    assert (store.level_of("SHIRT-S-RED"), store.level_of("SHIRT-M-RED")) == (3, 0)
    assert (shirt.title, shirt.handle, shirt.metadata["material"]) == ("Shirt", "shirt", "Cotton")
    assert categories(store, "SHIRT") == ["Clothing > Shirts"]
    mug = product(store, "MUG")
    assert categories(store, "MUG") == ["Kitchen", "Kitchen > Mugs, large"]
    assert (mug.title, mug.description, len(mug.images)) == ("Mug & Saucer", "<p>Stoneware</p>", 2)
    assert (mug.metadata["brand"], mug.metadata["features"]) == ("Elm", "Handle, big")
    assert (mug.variants[0].barcode, store.level_of("MUG")) == ("4006381333948", 0)
    voucher = product(store, "VOUCHER")
    assert (voucher.status, voucher.variants[0].manage_inventory) == ("draft", False)
    again = sync(str(file), store)
    assert (counts(again), writes(store)) == ({"unchanged": 3}, [])


def test_a_variation_of_magento_that_is_missing_rejects_its_product(
    tmp_path: Path, store: FakeMedusa
) -> None:
    file = tmp_path / "catalog_product.csv"
    file.write_text(magento(rows=slice(0, 7)), encoding="utf-8")
    result = sync(str(file), store)
    assert counts(result) == {"created": 2, "rejected": 1}
    [problem] = result.problems
    assert problem.reason == "magento: its variation SHIRT-M-RED is not in the file"


def test_products_of_magento_may_share_a_variation(tmp_path: Path, store: FakeMedusa) -> None:
    """The SKU of the second one is withheld."""
    extra = 'OUTFIT,,Top,configurable,,base,Outfit,,,,1,"Catalog, Search",,,,,outfit,,,,1,1,1,,'
    file = tmp_path / "catalog_product.csv"
    file.write_text(f'{magento()}{extra}"sku=SHIRT-M-RED,size=M",size=Size\n', encoding="utf-8")
    result = sync(str(file), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), [*result.problems]
    assert (prices(store, "SHIRT"), prices(store, "OUTFIT")) == ({"S / Red": 15, "M / Red": 21}, {"M": 21})
