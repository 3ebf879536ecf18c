"""Sources of other packages."""

import threading
from pathlib import Path
from time import monotonic

import pytest

from medusa_sync import MedusaSyncError, Settings, sync_products
from medusa_sync.sources import apart
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import document, run

pytestmark = pytest.mark.usefixtures("isolated")

HEAD = "from medusa_sync import Item, ItemSource, PageOfItems, SourceError\n"
SOURCE = (
    HEAD
    + """
class Source(ItemSource):
    def __init__(self, url):
        self.url = url

    async def pages(self, limit):
        rows = [Item({"id": n, "title": f"Mug {n}", "price": 9}) for n in range(1, 4)]
        yield PageOfItems(tuple(rows[:2]), None)
        {BEFORE_THE_END}
        yield PageOfItems(tuple(rows[2:]), 3)
"""
)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path / "site")


def install(code: str, scheme: str = "shopdb", package: str = "acme-shop", before_the_end: str = "") -> None:
    """Install a package with one module, as pip does."""
    site = Path("site")
    module = f"{package.replace('-', '_')}_{abs(hash(code + before_the_end))}"
    info = site / f"{package.replace('-', '_')}-2.1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(f"[medusa_sync.sources]\n{scheme} = {module}:Source\n")
    (site / f"{module}.py").write_text(code.replace("{BEFORE_THE_END}", before_the_end or "pass"))


@pytest.mark.usefixtures("installed")
def test_its_products_are_synced_with_maps_guards_and_reports(store: FakeMedusa) -> None:
    install(SOURCE)
    Path("map.jq").write_text('. + {title: "\\(.title)!"}')
    given = ("--source", "shopdb://db.example/shop", "--source-map", "map.jq", "--source-name", "shop")
    first = document(run(*given, "--json", "--report", "run.csv"))
    assert (first["source"]["url"], first["source"]["format"]) == (
        "shopdb://db.example/shop",
        "shopdb (map.jq)",
    )
    assert {key: each.title for key, each in store.products.items()} == {
        f"shop:{number}": f"Mug {number}!" for number in (1, 2, 3)
    }
    assert "shop:3" in Path("run.csv").read_text()
    again = document(run(*given, "--json"))
    assert (again["counts"]["unchanged"], again["requests"]["store_writes"]) == (3, 0)
    assert document(run(*given, "--json", "--min-products", "4"))["exit_code"] == 3


FAILS = {
    "raise ValueError('lost hush-hush')": "the package acme-shop 2.1 failed while it read shopdb://: Value",
    "raise SourceError('the line is dead')": "the line is dead",
    "yield [{'id': 3}]": "sends something else than PageOfItems",
    "yield PageOfItems(({'id': 3},), None)": "sends something else than PageOfItems",
    "yield PageOfItems((), '7'); return": "sends something else than PageOfItems",
    "yield PageOfItems((), 7); return": "the source ended after 2 of 7 products",
    "yield PageOfItems(rows[2:], 3)": "sends something else than PageOfItems",
    "yield PageOfItems((Item({'id': 3}, 7),), None)": "sends something else than PageOfItems",
    "import sys; sys.exit()": "it ended the process: SystemExit",
    "import asyncio; raise asyncio.CancelledError": "it cancelled itself",
    "import asyncio, sys; asyncio.get_running_loop().call_soon(sys.exit); await asyncio.sleep(60)": (
        "ended the process in another task"
    ),
    "type(self).format = property(lambda self: 1 / 0)": "ZeroDivisionError",
}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("end", FAILS)
def test_nothing_is_removed_if_it_fails(store: FakeMedusa, end: str) -> None:
    install(SOURCE)
    given = (
        "--source",
        "shopdb://me:hush-hush@db.example/shop",
        "--on-missing",
        "delete",
        "--max-removals",
        "99",
    )
    assert run(*given).exit_code == 0
    install(SOURCE, before_the_end=end)
    failed = run(*given)
    assert failed.exit_code == 3
    assert FAILS[end] in " ".join(failed.stderr.split())
    assert "hush-hush" not in failed.output
    assert "Traceback" not in failed.output
    assert len(store.products) == 3


@pytest.mark.usefixtures("installed")
def test_values_as_databases_give_them_are_read_with_and_without_a_map(store: FakeMedusa) -> None:
    values = "Item({'id': 8, 'title': 'Cup', 'price': Decimal('8.50'), 'made': date(2026, 1, 2)})"
    install(
        f"from datetime import date\nfrom decimal import Decimal\n{SOURCE}",
        before_the_end=f"yield PageOfItems(({values}, Item({{'id': 9, 'made': object()}})), None)",
    )
    Path("map.jq").write_text(". + {made: null}")
    for given in ((), ("--source-map", "map.jq", "--accept-settings")):
        found = document(run("--source", "shopdb://db", "--source-name", "shop", "--json", *given))
        assert (sum(found["counts"].values()), found["counts"]["rejected"]) == (5, 1)
        assert [each.amount for each in store.products["shop:8"].variants[0].prices] == [8.5]


BROKEN = {
    "import nonsense": "the package acme-shop 2.1 cannot open shopdb://: ModuleNotFoundError",
    "other = 1": "the package acme-shop 2.1 cannot open shopdb://: AttributeError",
    "Source = 7": "cannot open shopdb://: TypeError",
    "def Source(url): return []": "the package acme-shop 2.1 returns list, not an ItemSource",
    "def Source(url): raise ValueError(url)": "cannot open shopdb://: ValueError('shopdb://",
    "import sys; sys.exit()": "the package acme-shop 2.1 cannot open shopdb://: SystemExit",
}


@pytest.mark.usefixtures("installed", "store")
@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_package_is_named(code: str) -> None:
    install(code)
    failed = run("--source", "shopdb://me:hush-hush@db.example/shop?token=hush-hush-2")
    assert failed.exit_code == 2
    assert BROKEN[code] in " ".join(failed.stderr.split())
    assert "hush-hush" not in failed.output
    assert "Traceback" not in failed.output


@pytest.mark.usefixtures("installed", "store")
@pytest.mark.parametrize("code", ["import sys; sys.exit()", "def Source(url): raise SystemExit(0)"])
def test_a_package_that_ends_the_process_leaves_a_document(code: str) -> None:
    install(code)
    failed = run("--source", "shopdb://db", "--json")
    assert (failed.exit_code, document(failed)["exit_code"]) == (2, 2)
    install(SOURCE, before_the_end="raise SystemExit(0)")
    failed = run("--source", "shopdb://db", "--json")
    assert (failed.exit_code, document(failed)["exit_code"]) == (3, 3)


@pytest.mark.usefixtures("installed", "store")
def test_what_it_prints_is_not_in_the_document() -> None:
    install(f"print('on import')\n{SOURCE}", before_the_end="print('between pages')")
    found = run("--source", "shopdb://db", "--json")
    assert document(found)["counts"]["created"] == 3
    assert "on import\nbetween pages\n" in found.stderr


BLOCKS = """import os, signal, time
        from pathlib import Path
        {SIGNAL}
        while not Path('end').exists():
            {WAIT}"""


@pytest.mark.usefixtures("installed", "store")
@pytest.mark.parametrize("wait", ["time.sleep(0.02)", "await __import__('asyncio').sleep(0.02)"])
@pytest.mark.parametrize(
    ("kill", "given", "exit_code"),
    [("os.kill(os.getpid(), signal.SIGTERM)", (), 143), ("pass", ("--max-duration", "0.5"), 5)],
)
def test_a_package_that_blocks_delays_no_signal_and_no_time_limit(
    wait: str, kill: str, given: tuple[str, ...], exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "CLEAN_UP_S", 0.2)
    install(SOURCE, before_the_end=BLOCKS.replace("{SIGNAL}", kill).replace("{WAIT}", wait))
    end = threading.Timer(20, Path("end").touch)
    end.start()
    try:
        started = monotonic()
        found = run("--source", "shopdb://db", "--json", *given)
        assert monotonic() - started < 10
    finally:
        Path("end").touch()
        end.cancel()
    assert (found.exit_code, document(found)["exit_code"]) == (exit_code, exit_code)


NAMES = {
    "raise ValueError('oops')": "ValueError('oops')",
    "raise SourceError('oops')": "SourceError('oops')",
    "import sys; sys.exit()": "it ended the process",
    "return ['mugs']": "AttributeError",
    "return {'mugs': 7}": "something else than texts",
    "return {'mugs': ' All\\nmugs '}": "",
}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("body", NAMES)
def test_a_category_has_a_name_if_the_package_fails_to_name_it(store: FakeMedusa, body: str) -> None:
    code = SOURCE.replace('"price": 9', '"price": 9, "category": "mugs"')
    install(f"{code}\n    async def category_names(self):\n        {body}\n")
    found = run("--source", "shopdb://db")
    assert found.exit_code == 0
    names = [each.name for each in store.state.categories.values()]
    assert names == (["Mugs"] if NAMES[body] else ["All mugs"])
    shown = " ".join(found.stderr.split())
    assert ("[W111]" in shown, NAMES[body] in shown) == (bool(NAMES[body]), True)


SHIFTS = (
    HEAD
    + """
from pathlib import Path

class Source(ItemSource):
    def __init__(self, url):
        self.path = Path("shop.txt")

    async def pages(self, limit):
        start = 0
        while page := self.path.read_text().split()[start : start + 2]:
            yield PageOfItems(tuple(Item({"id": n, "title": f"Mug {n}", "price": 9}) for n in page), None)
            start += 2
            if Path("shifts").exists():
                Path("shifts").unlink()
                self.path.write_text("2 3 4 5")
"""
)


@pytest.mark.usefixtures("installed")
def test_a_product_that_moves_between_pages_is_not_removed(store: FakeMedusa) -> None:
    install(SHIFTS)
    given = (
        "--source",
        "shopdb://db",
        "--source-name",
        "shop",
        "--on-missing",
        "delete",
        "--max-removals",
        "9",
    )
    Path("shop.txt").write_text("1 2 3 4 5")
    assert run(*given).exit_code == 0
    Path("shifts").touch()
    assert run(*given).exit_code == 0
    assert sorted(store.products) == [f"shop:{number}" for number in range(1, 6)]
    assert run(*given).exit_code == 0
    assert sorted(store.products) == [f"shop:{number}" for number in range(2, 6)]


@pytest.mark.usefixtures("installed", "store")
def test_pages_that_are_no_generator_are_an_error_of_the_package() -> None:
    install(
        HEAD + "class Source(ItemSource):\n def __init__(self, url): pass\n def pages(self, limit): return []"
    )
    failed = run("--source", "shopdb://db")
    assert (failed.exit_code, "the package acme-shop 2.1 failed" in failed.stderr) == (3, True)


@pytest.mark.usefixtures("installed", "store")
def test_an_unknown_scheme_names_the_installed_ones() -> None:
    found = run("--source", "shopdb://db")
    assert (found.exit_code, "(installed: none)" in found.stderr) == (2, True)
    install(SOURCE)
    install(SOURCE, "erp", "acme-erp")
    found = run("--source", "ftp://me:hush-hush@db.example")
    assert found.exit_code == 2
    assert "(installed: erp:// (acme-erp 2.1), shopdb:// (acme-shop 2.1))" in " ".join(found.stderr.split())
    assert "hush-hush" not in found.output


@pytest.mark.usefixtures("installed", "store")
def test_two_packages_with_the_same_scheme_are_an_error() -> None:
    install(SOURCE)
    install(SOURCE, "shopdb", "other")
    found = run("--source", "shopdb://db")
    assert found.exit_code == 2
    assert "the packages acme-shop 2.1 and other 2.1 both read shopdb://" in " ".join(found.stderr.split())


def test_settings_of_a_program_are_checked_too() -> None:
    with pytest.raises(MedusaSyncError, match="none:// needs a package"):
        sync_products(Settings(source="none://db", dry_run=True))
