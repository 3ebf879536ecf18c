"""The command: exit codes, streams and messages."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock
from typer.testing import CliRunner

from medusa_sync import __version__
from medusa_sync.app import command as command_module
from medusa_sync.app.lock import run_lock
from medusa_sync.cli import app
from medusa_sync.core.ids import Shard
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import document, run, write

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")


def test_version_and_help() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"medusa-sync {__version__}\n"
    assert "products" in CliRunner().invoke(app, []).output


def test_a_shard_is_locked_against_runs_that_are_not_of_other_shards(
    store: FakeMedusa, source: Path, tmp_path: Path
) -> None:
    with run_lock("other", store.url, "dummyjson", shard=Shard(3, 3), folder=tmp_path / "locks"):
        # --min-products counts the whole source
        result = run("--source", str(source), "--shard", "1/3", "--min-products", "20", "--json")
        assert (result.exit_code, document(result)["shard"]) == (0, "1/3")
        assert len(store.products) == document(result)["source"]["seen"] < 20
        for other in (["--shard", "3/3"], ["--shard", "1/2"], []):
            locked = run("--source", str(source), *other)
            assert locked.exit_code == 75
            assert "Another run is under way: other, shard 3/3, process" in locked.stderr
        assert run("--source", str(source), "--dry-run").exit_code == 0, "a dry run needs no lock"


class Unwritable(io.TextIOWrapper):
    """A stream on a full disk, or a closed pipe."""

    def __init__(self, error: OSError) -> None:
        super().__init__(io.BytesIO())
        self._error = error

    def write(self, _text: str) -> int:
        raise self._error


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (OSError(28, "No space left on device"), 2),
        (BrokenPipeError(32, "gone"), 0),
        (OSError(5, "the terminal was closed"), 0),
    ],
)
def test_unwritable_stdout_is_reported_and_the_rest_is_written(
    error: OSError,
    exit_code: int,
    store: FakeMedusa,
    source: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    as_json: bool,
) -> None:
    flags: dict[str, str | bool | None] = {"source": str(source), "metrics_file": "m.prom", "json": as_json}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", Unwritable(error))
        assert command_module.execute(flags) == exit_code
    assert Path("m.prom").exists()
    assert len(store.products) == 20
    assert ("not written to stdout: No space left" in capsys.readouterr().err) is (exit_code == 2)


@pytest.mark.parametrize(
    "arguments", ["--version", "products --help-all", "products --source sample --dry-run --quiet --json"]
)
def test_full_disk_gives_one_message_and_no_traceback(arguments: str) -> None:
    command = Path(sys.executable).with_name("medusa-sync")
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [command, *arguments.split()], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False
        )
    assert (finished.returncode, len(finished.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("streams", [">/dev/null 2>&-", ">&- 2>/dev/full"])
@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        ("products --nope", 2),
        ("products --currency 12345", 2),
        ("products --dry-run --source none.json", 3),
        ("products --dry-run --source sample", 0),
    ],
)
def test_the_exit_code_does_not_depend_on_stderr(
    arguments: str, exit_code: int, streams: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where GitHub gets its annotations there."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("SYNC_PRODUCT_SOURCE", "misspelled")
    command = f"{Path(sys.executable).with_name('medusa-sync')} {arguments} {streams}"
    assert subprocess.run(["/bin/sh", "-c", command], check=False).returncode == exit_code


def test_settings_are_shown_without_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_PRODUCT_SOURCE", "misspelled")
    monkeypatch.setattr(sys, "stderr", Unwritable(OSError(28, "No space left on device")))
    assert command_module.show_settings({}) == 0


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_run_needs_no_stderr(
    log_format: str, store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started with `>&- 2>&-`, Python sets both streams to None."""
    monkeypatch.setattr(sys, "stderr", Unwritable(OSError(28, "No space left on device")))
    assert command_module.execute({"source": str(source), "log_format": log_format}) == 0
    assert len(store.products) == 20
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert command_module.execute({"source": str(source), "log_format": log_format}) == 0


# --- the log --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("store")
def test_json_log_contains_only_json(tmp_path: Path) -> None:
    result = run("--source", str(tmp_path / "none.json"), "--log-format", "json")
    assert result.exit_code == 3
    records = [json.loads(line) for line in result.stderr.splitlines()]
    assert [record["level"] for record in records] == ["warning", "error", "info"]
    assert [record["event"] for record in records] == ["unencrypted", "run_ended_early", "run_ended"]
    assert records[0]["run_id"] is None, "settings are read before the run"
    assert "the file cannot be read" in records[1]["message"]
    assert "--source" in records[1]["hint"]
    assert records[1]["run_id"] == records[2]["run_id"] == records[2]["run"] is not None
    assert (records[2]["exit_code"], records[2]["duration_ms"] >= 0) == (3, True)


def test_json_log_has_requests_and_products(store: FakeMedusa, source: Path) -> None:
    rows = products(5)
    rows[2]["price"] = -1
    write(source, rows)
    result = run("--source", str(source), "--log-format", "json", "--verbose")
    records = [json.loads(line) for line in result.stderr.splitlines()]
    requests = [record for record in records if record["event"] == "request"]
    assert len(requests) == len(store.requests)
    assert all(record["duration_ms"] >= 0 for record in requests)
    shown = [[record["request"][name] for name in ("method", "url", "status")] for record in requests]
    assert ["POST", "/admin/products/batch", 200] in shown
    outcomes = {each["external_id"]: each["outcome"] for each in records if each["event"] == "product"}
    assert outcomes == {f"dummyjson:{n}": "rejected" if n == 3 else "created" for n in range(1, 6)}
    (problem,) = (record for record in records if record["event"] == "problem")
    assert (problem["level"], problem["external_id"]) == ("warning", "dummyjson:3")
    assert problem["outcome"] == "rejected"


@pytest.mark.usefixtures("store")
def test_nothing_to_do_is_one_line(source: Path) -> None:
    """The log does not repeat what is on stdout, unless it is JSON."""
    first = run("--source", str(source), "--job-name", "nightly")
    _unencrypted, line = first.stderr.splitlines()
    time = r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(rf"{time} INFO nightly\[\w{{8}}\]: ok: 20 created in \d\.\d s", line)
    result = run("--source", str(source))
    assert re.fullmatch(r"20 products up to date \(\d\.\d s\)\n", result.stdout)
    assert "unchanged" not in result.stderr
    assert "INFO sync-products" not in result.stderr
    assert "20 products up to date" in run("--source", str(source), "--json").stderr
    assert "20 products up to date" in run("--source", str(source), "--log-format", "json").stderr
    assert "unchanged: 20\n" in run("--source", str(source), "--verbose").stdout
    planned = run("--source", str(source), "--dry-run").stdout
    line, note = planned.splitlines()
    assert re.fullmatch(r"Dry run: 20 products up to date \(\d\.\d s\)", line)
    assert note.startswith("note: The installation is valid: settings, credentials, source, sales channel")


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_dry_run_without_a_store_says_what_the_source_has(rows: int, source: Path) -> None:
    write(source, products(rows))
    shown = run("--source", str(source), "--dry-run").stdout
    assert "up to date" not in shown
    assert ("note: The source has no products. [W105]\n" in shown) is (rows == 0)
    for number, valid in ((1, "1 product is"), (3, "3 products are")):
        note = f"note: {valid} valid. Nothing was compared with a store: "
        assert (note in shown) is (rows == number)
    assert shown.count("product: ") == rows
    for each in products(rows):
        assert (
            f"product: dummyjson:{each['id']} ({each['title']}): price {each['price']} USD; variants none"
            in shown
        )


@pytest.mark.parametrize("rows", [0, 1])
def test_a_table_that_has_only_a_header_is_named_as_such(rows: int, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title,price\n" + "1,Mug,9\n" * rows)
    shown = run("--source", str(tmp_path / "a.csv"), "--dry-run").stdout
    assert ("note: The table has no row below its header." in shown) is (rows == 0)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("flags", [[], ["--quiet"], ["--dry-run"], ["--json"]])
def test_a_first_run_from_the_default_source_says_that_nothing_is_set(
    flags: list[str], httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "The source is DummyJSON, the default: 3 demo products. SYNC_PRODUCTS_SOURCE (--source) sets "
    note += "yours."
    url = "https://dummyjson.com/products"
    rows = {"products": products(3), "total": 3, "limit": 3, "skip": 0}
    httpx_mock.add_response(json=rows, url=re.compile(f"^{url}"), is_reusable=True)
    assert run(*flags, "--source", url, "--dry-run").stdout.count(note) == 0
    monkeypatch.setenv("SYNC_PRODUCTS_SOURCE", "")
    first, second = (run(*flags).stdout for _ in range(2))
    assert first.count(note) == 1 + ("--json" in flags)  # with its code, too
    assert second.count(note) == ("--dry-run" in flags)
    assert first == f"note: {note} [W112]\n" or "--quiet" not in flags


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("flags", [[], ["--quiet"], ["--dry-run"], ["--json"]])
def test_a_first_run_with_the_default_name_says_so(flags: list[str], source: Path) -> None:
    note = "The source name is dummyjson, the default. To choose another prefix of the ids in the store, set "
    note += "--source-name (SYNC_PRODUCTS_SOURCE_NAME) before the first sync: later, it must not change."
    arguments = (*flags, "--source", str(source))
    assert run(*flags, "--source", "sample", "--dry-run").stdout.count(note) == 0
    assert run(*arguments, "--dry-run", "--source-name", "dummyjson").stdout.count(note) == 0
    first, second = (run(*arguments).stdout for _ in range(2))
    assert first.count(note) == 1 + ("--json" in flags)  # with its code, too
    assert second.count(note) == ("--dry-run" in flags)
    assert first == f"note: {note} [W118]\n" or "--quiet" not in flags
    write(source, products(21))
    run("--source", str(source))
    write(source, products(22))
    assert run(*arguments).stdout.count(note) == 0, "the store has products of that name"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_in_a_log_with_both_streams_the_line_has_the_time(
    log_format: str, store: FakeMedusa, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--source", str(source)).exit_code == 0
    monkeypatch.setattr(command_module, "_warn_of_plain_http", lambda _settings: None)
    with (tmp_path / "log").open("a", encoding="utf-8") as log, os.fdopen(os.dup(log.fileno()), "a") as both:
        monkeypatch.setattr(sys, "stdout", log)
        monkeypatch.setattr(sys, "stderr", both)
        assert command_module.execute({"source": str(source), "log_format": log_format}) == 0
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    if log_format == "text":
        (line,) = lines
        assert re.fullmatch(
            r"2\d{3}-\S+Z INFO sync-products\[\w{8}\]: 20 products up to date \(\d\.\d s\)", line
        )
    else:
        assert lines[0].startswith("20 products up to date")
        assert json.loads(lines[1])["event"] == "run_ended"
    assert len(store.products) == 20


@pytest.mark.parametrize(("wins", "values"), [("source", "Ours -> New"), ("store", "Ours")])
def test_quiet_shows_problems_and_once_what_no_other_run_shows(
    store: FakeMedusa, source: Path, wins: str, values: str
) -> None:
    """Conflicts, and values that are withheld."""

    def quietly() -> str:
        write(source, rows)
        own = ("--source", str(source), "--source-name", "dummyjson")
        result = run(*own, "--quiet", "--on-conflict", wins)
        assert (result.exit_code, result.stderr) == (5 if "problem:" in result.stdout else 0, "")
        return result.stdout

    rows = products(3)
    assert (quietly(), len(store.products)) == ("", 3)
    store.products["dummyjson:2"].title = "Ours"
    rows[1] |= {"title": "New", "price": rows[1]["price"] + 1}  # the price is in no conflict
    line, hint = quietly().splitlines()
    assert line.startswith(f"conflict: updated dummyjson:2 (New): title: {values} (")
    assert hint.startswith(f"The {wins} won. ")
    rows.append({**products(4)[3], "sku": rows[0]["sku"]})
    shown = quietly()
    assert shown.startswith("withheld: created dummyjson:4 (")
    assert "Change one of them at the source or in the admin.\n" in shown
    assert quietly() == ""
    assert re.match(r"4 products up to date, 1 withheld \(", run("--source", str(source)).stdout)
    rows[2]["price"] = -1
    assert "problem: rejected dummyjson:3" in quietly()


def test_products_can_be_chosen_by_several_flags_or_lines_of_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "goods.json"
    write(source, [{"id": each, "title": each, "price": 1} for each in ("a", "b", "c")])
    how = ("--source", str(source), "--source-name", "shop", "--dry-run", "--json")
    assert document(run(*how, "--product", "a", "--product", "shop:c"))["source"]["seen"] == 2
    assert document(run(*how))["source"]["seen"] == 3
    monkeypatch.setenv("SYNC_PRODUCTS_PRODUCT", "a\nb")
    assert document(run(*how))["source"]["seen"] == 2
