"""New variants are named in the note before they are written."""

from __future__ import annotations

from copy import deepcopy

from medusa_sync import RunResult
from tests.flow.kills import killed_runs
from tests.flow.shirts import shirt, variant
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

NEW = variant(1, "XL", "Red")


def test_a_variant_that_a_killed_run_created_is_the_same_after_the_merchant_changed_all_of_it() -> None:
    store, row = FakeMedusa(), shirt(1)
    sync(ListSource([row]), store)
    row["variants"].append(NEW)

    def run(hurt: FakeMedusa) -> RunResult:
        return sync(ListSource(deepcopy([row])), hurt)

    edited = 0
    for hurt in killed_runs(store, "tool", run):
        [product] = hurt.products.values()
        created = [each for each in product.variants if each.sku == NEW["sku"]]
        for each in created:
            edited += 1
            edit = {"sku": "THEIRS", "barcode": None, "options": {"Size": "XL", "Colour": "Blue"}}
            hurt.call("POST", f"/admin/products/{product.id}/variants/{each.id}", edit)
        result = run(hurt)
        assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
        [product] = hurt.products.values()
        assert len(product.variants) == len(row["variants"])
        for each in created:
            [same] = [found for found in product.variants if found.id == each.id]
            assert (same.sku, same.options["Colour"]) == ("THEIRS", "Blue")
        hurt.requests.clear()
        assert counts(run(hurt)) == {"unchanged": 1}
        assert not writes(hurt)
    assert edited
