"""What a run created is removed by an undo, unless it was written since; what an undo deleted can come back."""

from pathlib import Path
from typing import Any

import pytest

from tests.flow.faults import KILLED, killed_runs
from tests.flow.shirts import assert_shirts, shirt, variant
from tests.flow.stage import ListSource, assert_quiet, constant, counts, sync, writes
from tests.flow.test_undo import changed, shown, undo
from tests.harness.fake_medusa import FakeMedusa

DELETES: dict[str, Any] = {"on_missing": "delete", "max_removals": "100%"}


def larger(**changes: Any) -> dict[str, Any]:
    """A shirt with one more size."""
    return shirt(variants=[*shirt()["variants"], variant(1, "XL", "Red", **changes)])


# --- what an undo deleted ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"on_missing": "delete"}], ids=str)
def test_a_variant_that_an_undo_deleted_is_created_again(how: dict[str, Any], tmp_path: Path) -> None:
    store, result, was = changed([shirt()], [larger()])
    undo(store, result, tmp_path, **DELETES)
    assert shown(store) == was
    source = ListSource([larger()])
    assert (counts(sync(source, store, **how)), writes(store) != []) == ({"updated": 1}, True)
    assert_shirts([larger()], store)
    assert_quiet(source, store)


@pytest.mark.parametrize("on_missing", ["keep", "draft", "delete"])
def test_it_stays_away_until_the_source_has_it_again(on_missing: str, tmp_path: Path) -> None:
    store, result, was = changed([shirt()], [larger()])
    undo(store, result, tmp_path, **DELETES)
    sync(ListSource([shirt()]), store, on_missing=on_missing)
    assert shown(store) == was
    assert_quiet(ListSource([shirt()]), store, on_missing=on_missing)
    sync(ListSource([larger(price=7)]), store)
    assert_shirts([larger(price=7)], store)


def test_after_the_source_was_corrected_its_values_are_not_left_behind(tmp_path: Path) -> None:
    store, result, was = changed([shirt()], [larger()])
    undo(store, result, tmp_path, **DELETES)
    sync(ListSource([larger()]), store)
    sync(ListSource([shirt()]), store, on_missing="delete", max_removals="100%")
    assert shown(store) == was


@pytest.mark.parametrize("killed", KILLED)
@pytest.mark.parametrize("wants", [larger(), shirt()], ids=["wanted", "not wanted"])
def test_a_killed_undo_leaves_no_variant_for_good(
    killed: str, wants: dict[str, Any], tmp_path: Path
) -> None:
    store, result, _ = changed([shirt()], [larger()])

    def run(each: FakeMedusa) -> object:
        return undo(each, result, tmp_path, max_retries=2, **DELETES)

    for hurt in killed_runs(store, killed, run):
        with constant("SETTLE_S", 0):
            for _ in range(2):
                done = sync(ListSource([wants]), hurt, on_missing="delete", max_removals="100%")
                assert done.exit_code == 0, list(done.problems)
        assert_shirts([wants], hurt)
        assert_quiet(ListSource([wants]), hurt)
