"""The Python API."""

import asyncio
import re
from pathlib import Path
from typing import Any

import griffe
import pytest

import medusa_sync
from benchmarks.process import serving
from medusa_sync import (
    MedusaSyncError,
    RunResult,
    Secret,
    Settings,
    Share,
    load_settings,
    sync_products,
)
from tests.harness.catalogue import products
from tests.harness.dummyjson import dummyjson
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.python_api import RECORD, stub
from tests.unit.alone import alone
from tests.unit.app.commands import write

pytestmark = pytest.mark.usefixtures("isolated")

DOCS = Path(__file__).parents[3] / "docs"


def test_the_examples_of_the_page_run(
    store: FakeMedusa, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "id,title,price,sku\n1,Mug,9.5,MUG\n2,Plate,-1,PLATE\n"
    Path("catalogue.csv").write_text(rows, encoding="utf-8")
    monkeypatch.setenv("SYNC_PRODUCTS_SOURCE", "catalogue.csv")
    monkeypatch.setenv("SYNC_PRODUCTS_SOURCE_NAME", "shop")
    page = (DOCS / "python-api.md").read_text(encoding="utf-8")
    for example in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        exec(example, {})  # noqa: S102 - an example of our own page
    first, second = capsys.readouterr().out.splitlines()
    assert first == "5 1 "
    assert second.startswith("shop:2 rejected line 3: price is")
    assert store.products.keys() == {"shop:1"}


def test_constructed_settings_have_the_defaults_of_the_command() -> None:
    loaded = load_settings({"dry_run": True}, environment={}, directory=Path("no-such-folder"))
    assert Settings(dry_run=True) == loaded


def test_run_without_credentials_is_an_error(source: Path) -> None:
    with pytest.raises(MedusaSyncError, match="MEDUSA_API_KEY"):
        sync_products(Settings(source=str(source)))
    assert sync_products(Settings(source=str(source), dry_run=True)).not_compared == 20


def test_async_code_is_told_to_call_it_in_a_thread(source: Path) -> None:
    settings = Settings(source=str(source), dry_run=True)

    async def call() -> RunResult:
        with pytest.raises(MedusaSyncError, match="cannot be called from async code") as caught:
            sync_products(settings)
        assert "asyncio.to_thread(sync_products, settings)" in caught.value.hint
        return await asyncio.to_thread(sync_products, settings)

    assert asyncio.run(call()).not_compared == 20


def test_choice_can_be_a_plain_string(store: FakeMedusa, source: Path, tmp_path: Path) -> None:
    on_missing: Any = "draft"
    settings = Settings(
        source=str(source),
        medusa_url=store.url,
        api_key=Secret(store.api_key),
        lock_dir=str(tmp_path),
        on_missing=on_missing,
        max_removals=Share(5, is_percentage=False),
    )
    result = sync_products(settings)
    assert isinstance(result, RunResult)
    assert {change.external_id for change in result.changes} == {f"dummyjson:{n}" for n in range(1, 21)}
    assert store.api_key not in repr(settings)
    write(source, products(19))
    sync_products(settings)
    assert store.products["dummyjson:20"].status == "draft"


def test_module_has_exactly_the_public_names() -> None:
    assert all(getattr(medusa_sync, name) for name in medusa_sync.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = medusa_sync.nonsense


def test_nothing_is_imported_that_a_run_does_not_need(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
def imported(*names):
    print(*sorted({*names} & set(sys.modules)))
import medusa_sync.cli
imported("httpx", "rich", "dotenv", "idna")
import medusa_sync.app.command
from medusa_sync import Settings, sync_products
from medusa_sync.notify import github
from medusa_sync.report.file import write_report
result = sync_products(Settings(source=sys.argv[1], dry_run=True))
write_report(result, Path(sys.argv[2]))
imported("slugify", "jinja2", "prometheus_client", "tzlocal", "gzip", "xml", "medusa_sync.sources.files")
imported("medusa_sync.medusa.bulk", "medusa_sync.sync.write.engine", "medusa_sync.plug_ins")
imported("medusa_sync.app.loop", "medusa_sync.sources.dialects")
"""
    with dummyjson(products(3)) as server:
        assert alone(code, server.url, tmp_path / "report.csv").split() == []


def test_a_run_in_which_nothing_has_changed_imports_only_what_it_needs(tmp_path: Path) -> None:
    code = """
import sys
from medusa_sync import Secret, Settings, sync_products
url, store, folder = sys.argv[1:]
result = sync_products(Settings(source=url, medusa_url=store, api_key=Secret("sk_fake"), lock_dir=folder))
print(*(outcome for outcome, count in result.counts.items() if count))
unneeded = ["core.plan", "core.announced", "medusa.bulk", "medusa.terms", "sync.write", "sync.remove"]
unneeded += ["sources." + each for each in ("mapping", "lenient", "money", "dialects", "files")]
print(*(each for each in unneeded if "medusa_sync." + each in sys.modules))
"""
    with serving("benchmarks.fake_store") as (store,), dummyjson(products(3)) as server:
        first, second = (alone(code, server.url, store, tmp_path).splitlines() for _ in range(2))
    assert (first[0], second) == ("created", ["unchanged", ""])


# --- compatibility --------------------------------------------------------------------------------------


def breakages(before: str, after: str) -> list[str]:
    """What could break a program that uses the API of `before`."""
    old, new = (griffe.visit("medusa_sync", Path("medusa_sync.pyi"), code=text) for text in (before, after))
    return [each.explain(griffe.ExplanationStyle.ONE_LINE) for each in griffe.find_breaking_changes(old, new)]


def test_programs_that_use_the_api_of_the_last_release_still_work() -> None:
    """If a change is meant: say so in the changelog, and record the API with `tests.harness.python_api`."""
    assert breakages(RECORD.read_text(encoding="utf-8"), stub()) == []
