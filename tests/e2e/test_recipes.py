"""The recipes for schedulers: systemd checks the units, the commands run on a real store."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.command import COMMAND, TIMEOUT_S
from tests.harness.dummyjson import DummyJson
from tests.tiers import deep, needed, sampled
from tests.unit.recipes import CATALOGUE, FOLDER, Recipe, airflow, github, gitlab, kubernetes, plans
from tests.world.shop import Shop

SIZE = 20
UV = Path(sys.executable).with_name("uv")
INSTALLED = "/opt/medusa-sync/bin/medusa-sync"
# Placeholders that the scheduler fills in.
ADDRESS = re.compile(
    r"\$\{\{ vars\.MEDUSA_BACKEND_URL }}|\{\{ conn\.medusa_store\.host }}|https://store\.example\.com"
)
KEY = re.compile(r"\$\{\{ secrets\.MEDUSA_API_KEY }}|\{\{ conn\.medusa_store\.password }}|secret api-key")
RECIPES = {recipe.name: recipe.once() for recipe in [*github(), *gitlab(), kubernetes(), *airflow()]}
STATE = "state"
SYNCS = ["github sync", "gitlab sync", "kubernetes", "airflow"]
DRIFTS = ["github drift", "gitlab drift"]


@pytest.fixture(scope="module")
def systemd_analyze() -> str:
    return needed("systemd", "systemd-analyze")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Copies of the units with the path of the installed command: systemd checks that it exists."""
    for path in FOLDER.glob("medusa-sync*.*"):
        text = path.read_text(encoding="utf-8").replace(INSTALLED, str(COMMAND))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    return tmp_path


def printed(*command: str | Path, **variables: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    environment = os.environ | variables
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    return ended.returncode, ended.stdout, ended.stderr


def test_systemd_accepts_the_units(systemd_analyze: str, units: Path) -> None:
    paths = sorted(units.iterdir())
    names = ["medusa-sync-loop.service", "medusa-sync.service", "medusa-sync.timer"]
    assert [path.name for path in paths] == names
    code, _, problems = printed(systemd_analyze, "verify", "--man=no", *paths)
    assert (code, problems) == (0, "")  # some problems do not change the exit code


def test_the_timer_ticks_every_two_minutes(systemd_analyze: str) -> None:
    text = (FOLDER / "medusa-sync.timer").read_text(encoding="utf-8")
    [calendar] = re.findall(r"^OnCalendar=(.*)$", text, re.MULTILINE)
    options = ("--base-time=2026-01-01 00:00:30 UTC", "--iterations=3")
    _, ticks, _ = printed(systemd_analyze, "calendar", *options, calendar, TZ="UTC")
    assert re.findall(r"00:\d\d:\d\d UTC", ticks) == ["00:02:00 UTC", "00:04:00 UTC", "00:06:00 UTC"]


@pytest.mark.parametrize("name", ["medusa-sync.service", "medusa-sync-loop.service"])
def test_the_services_have_few_permissions(systemd_analyze: str, units: Path, name: str) -> None:
    """At most 2.0 of 10 on systemd's scale of exposure."""
    options = ("--offline=true", "--threshold=20", "--no-pager")
    code, reasons, _ = printed(systemd_analyze, "security", *options, units / name)
    assert code == 0, reasons


@deep
@pytest.mark.parametrize("name", ["kubernetes-cronjob.yaml", "kubernetes-shards.yaml"])
def test_kubernetes_recipes_match_the_schema_of_kubernetes(name: str) -> None:
    # Its schemas take 100 MB, so it is not one of the tools that everyone installs.
    check = (UV, "tool", "run", "--quiet", "--from", "kubernetes-validate==1.37.0", "kubernetes-validate")
    code, *reasons = printed(*check, "--strict", FOLDER / name)
    assert code == 0, reasons


def run(recipe: Recipe, source: DummyJson, shop: Shop, folder: Path, *, with_key: bool = True) -> int:
    """Run a recipe as its scheduler does: in an empty folder, with only the environment that the recipe sets.

    Added are PATH, HOME, and the two variables that GitLab passes to every job; the source is a local one.
    Lines that install the command are skipped: it is on PATH.
    """
    lines = [
        line for line in recipe.script.splitlines() if not re.match("pipx? install .*medusa-sync$", line)
    ]
    script = "\n".join(lines).replace(INSTALLED, "medusa-sync")
    secrets = {"address": shop.store.url, "key": shop.store.api_key if with_key else ""}
    variables = {
        name: KEY.sub(secrets["key"], ADDRESS.sub(secrets["address"], value)).replace(CATALOGUE, source.url)
        for name, value in recipe.environment.items()
    }
    if recipe.name.startswith("gitlab"):
        variables |= {"MEDUSA_BACKEND_URL": secrets["address"], "MEDUSA_API_KEY": secrets["key"]}
    assert not any("{{" in value for value in variables.values())
    folder.mkdir(exist_ok=True)
    ended = subprocess.run(
        ["bash", "-e", "-c", script],
        env={
            "PATH": f"{COMMAND.parent}:/usr/bin:/bin",
            "HOME": str(folder),
            **variables,
            # What the scheduler mounts, or keeps as an artifact.
            **(
                {"SYNC_PRODUCTS_LOCK_DIR": str(folder / STATE)}
                if "SYNC_PRODUCTS_LOCK_DIR" in variables
                else {}
            ),
        },
        cwd=folder,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=TIMEOUT_S,
    )
    return ended.returncode


@pytest.mark.parametrize("name", SYNCS)
def test_a_second_sync_writes_nothing(name: str, source: DummyJson, shop: Shop, tmp_path: Path) -> None:
    assert run(RECIPES[name], source, shop, tmp_path / "empty") == 0
    stored = shop.by_external_id()
    assert len(stored) == SIZE
    assert run(RECIPES[name], source, shop, tmp_path / "empty") == 0
    assert shop.by_external_id() == stored


@pytest.mark.parametrize("name", sampled(SYNCS, "github sync"))
def test_a_wrong_price_is_taken_back_by_a_single_run_with_what_was_kept(
    name: str, source: DummyJson, shop: Shop, tmp_path: Path
) -> None:
    assert run(RECIPES[name], source, shop, tmp_path / "first") == 0
    stored = shop.by_external_id()["shop:3"]
    source.edit(3, price=9_999)
    assert run(RECIPES[name], source, shop, tmp_path / "wrong") == 0
    assert shop.by_external_id()["shop:3"] != stored
    for kept in (tmp_path / "wrong" / STATE).glob("*.runs"):  # the artifact, also of GitHub
        shutil.copytree(kept, tmp_path / "undo" / STATE / kept.name)
    assert run(RECIPES[name].once("--undo last"), source, shop, tmp_path / "undo") == 0
    prices = [
        [price["amount"] for price in each["variants"][0]["prices"]]
        for each in (stored, shop.by_external_id()["shop:3"])
    ]
    assert prices[0] == prices[1]


@pytest.mark.parametrize("name", sampled(DRIFTS, "github drift"))
def test_a_drift_check_exits_with_7_and_writes_nothing(
    name: str, source: DummyJson, shop: Shop, tmp_path: Path
) -> None:
    assert run(RECIPES[name], source, shop, tmp_path / "before") == 7
    assert shop.products() == []
    assert run(RECIPES[name.replace("drift", "sync")], source, shop, tmp_path / "sync") == 0
    assert run(RECIPES[name], source, shop, tmp_path / "after") == 0
    source.edit(3, price=1234.5)
    assert run(RECIPES[name], source, shop, tmp_path / "edited") == 7


@pytest.mark.parametrize("vendor", sampled(["github", "gitlab"], "github"))
def test_the_plan_of_a_request_is_written_after_the_merge(
    vendor: str, source: DummyJson, shop: Shop, tmp_path: Path
) -> None:
    """The steps for the APIs of the vendors are tested elsewhere."""
    plan, apply = plans(vendor)
    assert run(plan, source, shop, tmp_path) == 0
    assert shop.products() == []
    source.edit(3, title="Not in the plan")
    assert run(apply, source, shop, tmp_path) == 0
    assert len(shop.products()) == SIZE
    assert run(plan, source, shop, tmp_path) == 0
    product = shop.by_external_id()["shop:3"]
    assert product["title"] != "Not in the plan"
    shop.post(f"/admin/products/{product['id']}", {"title": "Mine"})
    assert run(apply, source, shop, tmp_path) == 6
    assert shop.by_external_id()["shop:3"]["title"] == "Mine"


@pytest.mark.parametrize("name", sampled([*DRIFTS, *SYNCS], "github drift", "kubernetes"))
def test_a_secret_that_is_not_set_is_no_success(
    name: str, source: DummyJson, shop: Shop, tmp_path: Path
) -> None:
    assert run(RECIPES[name], source, shop, tmp_path / "empty", with_key=False) == 2
