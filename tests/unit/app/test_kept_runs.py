"""Runs that wrote something are kept, so that `--undo` can name them."""

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from medusa_sync.app.command import execute
from tests.flow.merchant import edit, set_prices
from tests.harness.catalogue import products
from tests.harness.documents import read_document
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import KEY, document, run, write
from tests.unit.results import Terminal

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")

ROWS = products(3)


def kept() -> list[Path]:
    return sorted(Path("locks").glob("*.runs/*.json.gz"))


def sync(source: Path, *arguments: str) -> str:
    """Sync, and return the id of the run; empty if none is kept."""
    before = {*kept()}
    result = run("--source", str(source), *arguments)
    assert result.exit_code == 0, result.output
    new = [each for each in kept() if each not in before]
    return new[0].name.removesuffix(".json.gz").rpartition("-")[2] if new else ""


def with_prices(source: Path, price: float, *arguments: str) -> str:
    write(source, [{**row, "price": price} for row in ROWS])
    return sync(source, *arguments)


def prices(store: FakeMedusa) -> set[float]:
    return {each.variants[0].prices[0].amount for each in store.products.values()}


def listed() -> list[dict[str, Any]]:
    result = run("--undo", "list", "--json")
    assert result.exit_code == 0, result.output
    return list(json.loads(result.stdout)["runs"])


def test_all_prices_are_ruined_and_taken_back_with_nothing_prepared(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 5)
    with_prices(source, 950)
    plan = run("--undo", "last", "--dry-run")
    assert (plan.exit_code, prices(store)) == (0, {950})
    assert "price: 950 -> 5 (changed by --undo)" in plan.stdout
    done = run("--undo", "last")
    assert (done.exit_code, prices(store)) == (0, {5}), done.output
    assert re.search(r"job: sync-products: run [0-9a-f]{8} of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", done.stdout)


def test_only_runs_that_wrote_something_are_kept(store: FakeMedusa, source: Path) -> None:
    arguments = ("--source", str(source))
    assert run(*arguments, "--dry-run").exit_code == 0
    assert kept() == []
    assert sync(source)
    assert sync(source) == ""
    assert run(*arguments, "--keep-runs", "0", "--overwrite").exit_code == 0
    assert len(kept()) == 1
    write(source, [{**products(1)[0], "title": "Other"}])
    assert run(*arguments, "--keep-runs", "0").exit_code == 0
    assert len(kept()) == 1, "none is kept, and none is removed"
    assert store.products


def test_a_kept_run_is_the_document_for_its_owner_only(store: FakeMedusa, source: Path) -> None:
    write(source, [{**ROWS[0], "description": f"The key is {KEY}"}])
    old = os.umask(0)
    try:
        run_id = sync(source)
    finally:
        os.umask(old)
    [file] = kept()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    text = gzip.decompress(file.read_bytes()).decode()
    assert KEY not in text
    assert read_document(text)["run_id"] == run_id
    assert not [*file.parent.glob(".*")], "nothing is left unfinished"
    assert store.products


def test_each_store_and_source_has_its_own(store: FakeMedusa, source: Path) -> None:
    sync(source)
    write(source, [{"id": "a", "title": "Another", "price": 1}])
    sync(source, "--source-name", "other")
    assert len({each.parent for each in kept()}) == len(kept()) == 2
    assert len(listed()) == 1
    assert store.products


def test_the_oldest_are_removed(store: FakeMedusa, source: Path) -> None:
    ids = [with_prices(source, price, "--keep-runs", "2") for price in (1, 2, 3)]
    assert [each["run_id"] for each in listed()] == ids[:0:-1]
    assert prices(store) == {3}


def test_a_run_that_cannot_be_kept_says_so(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    folder = kept()[0].parent
    folder.rename("elsewhere")
    folder.symlink_to(Path("elsewhere").resolve())  # someone else could have put it there
    write(source, [{**row, "price": 2} for row in ROWS])
    result = run("--source", str(source))
    assert (result.exit_code, result.stderr.count("--undo cannot take this run back")) == (0, 1)
    assert "[W517]" in result.stderr
    result = run("--undo", "last")
    assert (result.exit_code, prices(store)) == (2, {2})
    assert "cannot be used (it is not a folder of this user)" in result.stderr
    assert run("--undo", "list").exit_code == 2


def test_last_walks_back_and_an_undo_can_be_undone(store: FakeMedusa, source: Path) -> None:
    first, second, third = (with_prices(source, price) for price in (1, 2, 3))
    assert run("--undo", "last").exit_code == 0
    assert prices(store) == {2}
    assert run("--undo", "last").exit_code == 0
    assert prices(store) == {1}
    undo_second, undo_third, *runs = listed()
    assert [each["undone_by"] for each in runs] == [undo_third["run_id"], undo_second["run_id"], None]
    assert [each["took_back"] for each in (undo_second, undo_third)] == [second, third]
    assert run("--undo", undo_second["run_id"]).exit_code == 0
    assert prices(store) == {2}
    again = {each["run_id"]: each["undone_by"] for each in listed()}
    assert (again[second], again[third], again[first]) == (None, undo_third["run_id"], None)
    assert run("--undo", "last").exit_code == 0
    assert prices(store) == {1}


def test_an_undo_of_some_fields_does_not_count_as_one_of_the_run(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    write(source, [{**row, "price": 2, "title": "Other"} for row in ROWS])
    sync(source)
    assert run("--undo", "last", "--only", "price").exit_code == 0
    assert run("--undo", "last").exit_code == 0
    assert prices(store) == {1}
    assert {each.title for each in store.products.values()} == {row["title"] for row in ROWS}


@pytest.mark.parametrize("way", ["id", "time", "day", "time with a space", "file"])
def test_a_run_has_several_names(way: str, store: FakeMedusa, source: Path) -> None:
    write(source, [])
    with_prices(source, 1, "--keep-runs", "0")
    run_id = with_prices(source, 2)
    [row] = listed()
    second = row["started_at"][:19]
    name = {
        "id": run_id,
        "time": f"{second}Z",
        "day": second[:10],
        "time with a space": second.replace("T", " "),
        "file": str(kept()[0]),
    }[way]
    assert run("--undo", name).exit_code == 0
    assert prices(store) == {1}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("last", "no run of this store and source that could be undone is kept in"),
        ("0a1b2c3d", "no such run of this store and source is kept in"),
        ("2026-01-02", "no such run of this store and source is kept in"),
        ("yesterday", "expected last, list, the id of a run, its time in UTC such as 2026-11-29T21:50, or"),
    ],
)
def test_a_name_of_no_run_is_an_error(name: str, problem: str, store: FakeMedusa, source: Path) -> None:
    result = run("--undo", name)
    assert result.exit_code == 2
    assert problem in " ".join(result.stderr.split())
    assert "--undo list shows" in result.stderr or name == "yesterday"
    assert (store.products, source.exists()) == ({}, True)


def test_a_time_of_several_runs_is_not_guessed(store: FakeMedusa, source: Path) -> None:
    first, second = with_prices(source, 1), with_prices(source, 2)
    result = run("--undo", listed()[0]["started_at"][:10])
    assert result.exit_code == 2
    assert first in result.stderr
    assert second in result.stderr
    assert prices(store) == {2}


def test_last_does_not_pass_over_a_damaged_document(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    second = with_prices(source, 2)
    kept()[-1].write_bytes(kept()[-1].read_bytes()[:-30])
    result = run("--undo", "last")
    assert (result.exit_code, prices(store)) == (2, {2})
    assert f"the document of the run {second} of" in result.stderr
    assert "its document is damaged" in run("--undo", "list").stdout
    result = run("--undo", second)
    assert (result.exit_code, prices(store)) == (2, {2})
    assert "it is damaged" in result.stderr


def test_the_list_shows_what_a_run_did_and_whether_it_was_undone(
    store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = with_prices(source, 1), with_prices(source, 2)
    assert run("--undo", "last").exit_code == 0
    monkeypatch.delenv("MEDUSA_API_KEY")
    store.requests.clear()
    result = run("--undo", "list")
    assert (result.exit_code, store.requests) == (0, []), "it needs neither the store nor its key"
    head, *rows = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()]
    assert head == ["run", "started", "created", "updated", "removed", "undone", "changed fields"]
    undo = rows[0][0]
    assert [row[:1] + row[2:] for row in rows] == [
        [undo, "0", "3", "0", "-", f"undo of {second}: price 3"],
        [second, "0", "3", "0", undo, "price 3"],
        [first, "3", "0", "0", "-"],
    ]


@pytest.mark.parametrize("columns", [50, 80])
@pytest.mark.usefixtures("store")
def test_the_list_fits_on_a_narrow_terminal(
    columns: int, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_prices(source, 1)
    second = with_prices(source, 2)
    assert run("--undo", "last").exit_code == 0
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    for name, value in {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": str(columns)}.items():
        monkeypatch.setenv(name, value)
    assert execute({"undo": "list"}) == 0
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    undo = listed_ids(lines)[0]
    assert any(re.fullmatch(rf"{second}  \S+Z  undone by {undo}", line) for line in lines)
    assert "  0 created, 3 updated, 0 removed: price 3" in lines


def listed_ids(lines: list[str]) -> list[str]:
    return [line[:8] for line in lines if not line.startswith(" ")]


def test_a_list_of_nothing_says_where_runs_would_be(store: FakeMedusa) -> None:
    result = run("--undo", "list")
    assert result.exit_code == 0
    assert re.fullmatch(r"No run of this store and source is kept in \S+/locks/\S+\.runs\.\n", result.stdout)
    assert store.products == {}


def test_a_run_that_wrote_nothing_cannot_be_undone(store: FakeMedusa, source: Path) -> None:
    sync(source)
    sync(source, "--report", "run.json")
    result = run("--undo", "run.json")
    assert result.exit_code == 2
    assert "--undo 'run.json': this run wrote nothing" in result.stderr
    assert store.products


# --- newest first -----------------------------------------------------------------------------------------


def test_an_undo_over_a_later_run_names_it_and_the_way(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    write(source, [{**row, "price": 2, "description": "New"} for row in ROWS])
    second = sync(source)
    write(source, [{**row, "price": 3, "description": "New"} for row in ROWS[:2]])
    third = sync(source)
    result = run("--undo", second)
    assert (result.exit_code, prices(store)) == (6, {3, 1})
    assert {each.description for each in store.products.values()} == {row["description"] for row in ROWS}
    assert f"(kept; a later run wrote it ({third}); undo that first; before it: 1)" in result.stdout
    assert re.search(rf"note: A later run has written over this one: {third} of \S+Z\. ", result.stdout)
    way = f"medusa-sync products --undo {third}, then medusa-sync products --undo {second}"
    assert f"Undo the newest first: {way} [W208]" in result.stdout
    for name in (third, second):
        assert run("--undo", name).exit_code == 0
    assert prices(store) == {1}


def test_the_way_has_all_runs_between_but_not_those_that_are_undone(store: FakeMedusa, source: Path) -> None:
    _, second, third, fourth = (with_prices(source, price) for price in (1, 2, 3, 4))
    result = run("--undo", second)
    assert result.exit_code == 6
    assert f"later runs wrote it ({fourth}, {third}); undo these first" in result.stdout
    assert f"--undo {fourth}, then medusa-sync products --undo {third}, then" in result.stdout
    assert run("--undo", fourth).exit_code == 0
    assert prices(store) == {3}
    result = run("--undo", second)
    assert (result.exit_code, prices(store)) == (6, {3}), "what an undo has left is that of a run, no edit"
    assert f"a later run wrote it ({third}); undo that first" in result.stdout
    assert run("--undo", third).exit_code == 0
    assert run("--undo", second).exit_code == 0
    assert prices(store) == {1}


def test_an_edit_over_a_later_run_is_an_edit(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    second, _ = with_prices(source, 2), with_prices(source, 3)
    for row in ROWS:
        set_prices(store, row["id"], amount=9)
    result = run("--undo", second)
    assert (result.exit_code, prices(store)) == (0, {9})
    assert "(kept; edited since the run; before it: 1)" in result.stdout


def test_a_later_run_that_is_not_kept_is_not_called_an_edit(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    second = with_prices(source, 2)
    with_prices(source, 3, "--keep-runs", "0")
    result = run("--undo", second)
    assert (result.exit_code, prices(store)) == (6, {3})
    assert "Later runs, undone or not kept here, have written over this one." in result.stdout


def test_what_a_later_run_wrote_of_a_created_product_is_named(store: FakeMedusa, source: Path) -> None:
    first, second = with_prices(source, 1), with_prices(source, 2)
    edit(store, ROWS[0]["id"], title="Mine")
    result = run("--undo", first, "--on-missing", "delete", "--max-removals", "100%")
    assert (result.exit_code, len(store.products)) == (6, 3)
    assert result.stdout.startswith("partial: 3 skipped (exit code 6)\n")
    assert result.stdout.count(f"a later run wrote it ({second})\n") == 3
    assert f"--undo {second}, then medusa-sync products --undo {first}" in result.stdout


def test_a_product_whose_later_run_is_undone_is_kept_without_a_way_to_undo_that_again(
    store: FakeMedusa, source: Path
) -> None:
    first, second = with_prices(source, 1), with_prices(source, 2)
    assert run("--undo", second).exit_code == 0
    result = run("--undo", first, "--on-missing", "delete", "--max-removals", "100%")
    assert (result.exit_code, len(store.products)) == (6, 3)
    assert result.stdout.count("a later run wrote it, which was undone or is not kept here") >= 1
    assert f"--undo {second}" not in result.stdout


def test_a_plan_of_an_undo_counts_as_one_and_has_its_exit_code(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    write(source, [{**row, "price": 2, "description": "New"} for row in ROWS])
    second = sync(source)
    write(source, [{**row, "price": 3, "description": "New"} for row in ROWS])
    third = sync(source)
    assert run("--undo", second, "--dry-run", "--save-plan", "over").exit_code == 6
    result = run("--apply-plan", "over")
    assert (result.exit_code, prices(store)) == (6, {3}), result.output
    assert third in result.stdout
    assert {each.description for each in store.products.values()} == {row["description"] for row in ROWS}
    assert run("--undo", "last", "--dry-run", "--save-plan", "plan").exit_code == 0
    assert run("--apply-plan", "plan").exit_code == 0
    assert prices(store) == {2}
    assert {each["run_id"]: bool(each["undone_by"]) for each in listed()}[third]


def test_a_report_can_be_undone_by_its_file_and_counts(store: FakeMedusa, source: Path) -> None:
    with_prices(source, 1)
    second = with_prices(source, 2, "--report", "run.json")
    assert document(run("--undo", "run.json", "--json"))["took_back"] == {"run_id": second, "is_whole": True}
    assert prices(store) == {1}
    assert {each["run_id"]: bool(each["undone_by"]) for each in listed()}[second]
