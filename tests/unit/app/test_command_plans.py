"""The command saves plans and writes them."""

import json
import signal
from functools import partial
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from medusa_sync.report import plan
from tests.flow.faults import strike
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import document, run, write

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")


def test_a_plan_is_saved_for_its_owner_and_written_without_the_source(
    store: FakeMedusa, source: Path, tmp_path: Path
) -> None:
    file = tmp_path / "plan.ndjson"
    file.write_text("old", encoding="utf-8")
    arguments = ("--source", str(source), "--dry-run", "--save-plan", str(file))
    assert run(*arguments, "--exit-code").exit_code == 7
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert run(*arguments).exit_code == 0
    assert (file.read_bytes(), store.products) == (before, {})
    source.unlink()
    result = run("--apply-plan", str(file), "--json")
    assert (result.exit_code, document(result)["counts"]["created"]) == (0, 20), result.stderr
    assert not any("The source is DummyJSON" in note for note in document(result)["notes"])
    assert "up to date" in run("--apply-plan", str(file)).stdout
    [product] = [each for each in store.products.values() if each.external_id == "dummyjson:2"]
    del store.state.products[product.id]
    result = run("--apply-plan", str(file), "--dry-run")
    assert result.exit_code == 0


def test_standard_output_has_only_the_plan(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--dry-run", "--save-plan", "-")
    header, *lines = map(json.loads, result.stdout_bytes.splitlines())
    assert (result.exit_code, header["counts"], len(lines)) == (0, {"create": 20}, 20)
    assert "20 to create" in " ".join(result.stderr.split())
    assert store.products == {}


@pytest.mark.parametrize(
    ("name", "problem"),
    [("no-folder/plan", "the folder"), ("./catalogue.json", "is what a run reads; choose another")],
)
def test_a_plan_that_cannot_be_saved_is_found_before_the_run(
    name: str, problem: str, store: FakeMedusa, source: Path
) -> None:
    result = run("--source", str(source), "--dry-run", "--save-plan", name)
    assert result.exit_code == 2
    assert "--save-plan (SYNC_PRODUCTS_SAVE_PLAN): " in result.stderr
    assert problem in result.stderr
    assert store.requests == []


def test_a_plan_that_cannot_be_written_says_what_to_do(
    store: FakeMedusa, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: Path, **_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plan, "replacing", full)
    file = str(tmp_path / "plan.ndjson")
    result = run("--source", str(source), "--dry-run", "--save-plan", file)
    assert result.exit_code == 2
    words = " ".join(result.stderr.split())
    assert "was not written: No space left on device. Free disk space" in words
    assert "choose another file with --save-plan" in words
    assert store.products == {}


def test_report_and_plan_are_not_one_file(store: FakeMedusa, source: Path, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "plan.json")
    arguments = ("--source", str(source), "--dry-run", "--save-plan", "plan.json")
    for report in ("plan.json", "./plan.json", str(tmp_path / "link.json")):
        result = run(*arguments, "--report", report)
        assert result.exit_code == 2
        problem = "--save-plan (SYNC_PRODUCTS_SAVE_PLAN): 'plan.json' is what --report writes; choose another"
        assert problem in " ".join(result.stderr.split())
    assert store.requests == []


@pytest.mark.parametrize("report", ["run.json", "catalogue.json"])
def test_the_report_of_an_undo_replaces_neither_its_document_nor_the_source(
    report: str, store: FakeMedusa, source: Path
) -> None:
    assert run("--source", str(source), "--report", "run.json").exit_code == 0
    before = Path(report).read_bytes()
    store.requests.clear()
    result = run("--source", str(source), "--undo", "run.json", "--dry-run", "--report", report)
    assert result.exit_code == 2
    assert f"{report!r} is what a run reads; choose another" in result.stderr
    assert (Path(report).read_bytes(), store.requests) == (before, [])


def test_what_is_skipped_is_listed(store: FakeMedusa, source: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.ndjson"
    rows = products(3)
    write(source, rows)
    assert run("--source", str(source)).exit_code == 0
    write(source, [row | {"title": "New"} for row in rows])
    assert run("--source", str(source), "--dry-run", "--save-plan", str(file)).exit_code == 0
    store.products["dummyjson:2"].title = "Mine"
    result = run("--apply-plan", str(file), "--json")
    assert (result.exit_code, document(result)["status"]) == (6, "partial")
    result = run("--apply-plan", str(file))
    assert result.exit_code == 6
    assert f"title is Mine now, was {rows[1]['title']} in the plan" in result.stdout


def test_a_damaged_plan_is_refused_with_its_name(store: FakeMedusa, tmp_path: Path) -> None:
    file = tmp_path / "plan.ndjson"
    file.write_text("{}", encoding="utf-8")
    result = run("--apply-plan", str(file), "--json")
    assert (result.exit_code, document(result)["status"]) == (2, "failed")
    assert f"--apply-plan {str(file)!r}: it is no plan, or damaged; make a new one" in result.stderr
    assert store.requests == []


def test_a_file_that_does_not_exist_is_named(store: FakeMedusa) -> None:
    for flag in ("--apply-plan", "--undo"):
        shown = run(flag, "no.json").stderr
        assert f"{flag} 'no.json': the file cannot be read (No such file or directory)" in shown
    assert store.requests == []


@pytest.mark.parametrize(("flag", "statuses"), [((), {"draft"}), (("--on-missing", "delete"), set[str]())])
def test_only_a_flag_of_an_undo_deletes(
    flag: tuple[str, ...],
    statuses: set[str],
    store: FakeMedusa,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variable is that of the ordinary runs."""
    monkeypatch.setenv("SYNC_PRODUCTS_ON_MISSING", "delete")
    monkeypatch.setenv("SYNC_PRODUCTS_MAX_REMOVALS", "100%")
    assert run("--source", str(source), "--report", "run.json").exit_code == 0
    shown = " ".join(run("--undo", "run.json", *flag, "--print-settings").stdout.split())
    assert ("--on-missing delete flag" in shown, "SYNC_PRODUCTS_ON_MISSING" in shown) == (bool(flag), False)
    plan = ("--dry-run", "--save-plan", "plan")
    assert run("--undo", "run.json", *flag, *plan).exit_code == 0
    assert run("--apply-plan", "plan").exit_code == 0
    assert {each.status for each in store.products.values()} == statuses
    assert run("--undo", "run.json", *flag).exit_code == 0
    assert {each.status for each in store.products.values()} == statuses


def test_an_undo_that_is_interrupted_shows_what_it_has_removed(store: FakeMedusa, source: Path) -> None:
    assert run("--source", str(source), "--report", "run.json").exit_code == 0
    flags = "--on-missing delete --max-removals 100% --batch-size 5"
    arguments = ("--undo", "run.json", *flags.split())
    interrupt = partial(signal.raise_signal, signal.SIGINT)
    strike(store, "after", lambda request: "delete" in request.content.decode(), interrupt)
    result = run(*arguments)
    removed = 20 - len(store.products)
    assert (result.exit_code, 0 < removed < 20) == (130, True)
    assert f"removed: {removed}\n" in result.stdout
    assert "Interrupted by SIGINT. The same command completes the rest." in result.stderr
    assert (run(*arguments).exit_code, store.products) == (0, {})


@pytest.mark.parametrize("is_removed", [False, True])
def test_a_plan_has_no_secret_and_does_not_write_what_has_one(
    store: FakeMedusa, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_removed: bool
) -> None:
    token, file, rows = "hush/5+word==", tmp_path / "plan.ndjson", products(4)
    rows[0]["images"] = [f"https://i.example/1.png?token={quote_plus(token)}"]
    rows[1]["title"] = rows[1]["tags"][0] = token
    write(source, rows)
    more: tuple[str, ...] = ()
    if is_removed:
        assert run("--source", str(source)).exit_code == 0
        write(source, [rows[0] | {"title": "New"}, *rows[2:]])
        more = ("--on-missing", "delete", "--max-removals", "100%")
    monkeypatch.setenv("SYNC_PRODUCTS_SOURCE_AUTHORIZATION", f"Bearer {token}")
    saved = run("--source", str(source), "--dry-run", "--save-plan", str(file), "--json", *more)
    assert saved.exit_code == 0, saved.stderr
    text = file.read_text(encoding="utf-8")
    assert not any(each in text for each in (token, quote_plus(token)))
    assert "***" in text
    assert [each["code"] for each in document(saved)["warnings"] if each["code"] == "W207"] == ["W207"]
    monkeypatch.delenv("SYNC_PRODUCTS_SOURCE_AUTHORIZATION")
    before = len(store.products)
    result = run("--apply-plan", str(file), "--json")
    skipped = {each["external_id"]: each["reason"] for each in document(result)["skipped"]}
    assert (result.exit_code, sorted(skipped)) == (6, ["dummyjson:1", "dummyjson:2"])
    assert all("a secret is hidden in its plan (***)" in each for each in skipped.values())
    assert len(store.products) == (before or 2)


@pytest.mark.usefixtures("store")
def test_the_plan_of_an_undo_has_no_secret(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, rows = tmp_path / "plan.ndjson", products(2)
    write(source, rows)
    assert run("--source", str(source)).exit_code == 0
    write(source, [each | {"title": f"New {each['id']}", "description": "hush-hush"} for each in rows])
    assert run("--source", str(source), "--report", "run.json").exit_code == 0
    monkeypatch.setenv("SYNC_PRODUCTS_SOURCE_AUTHORIZATION", "Bearer hush-hush")
    assert run("--undo", "run.json", "--dry-run", "--save-plan", str(file)).exit_code == 0
    assert "hush-hush" not in file.read_text(encoding="utf-8")
    result = run("--apply-plan", str(file), "--json")
    titles = [each["title"] for each in document(result)["skipped"]]
    assert (result.exit_code, titles) == (6, ["New 1", "New 2"])
