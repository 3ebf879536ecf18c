"""The DAGs run in a real Airflow, which has an environment of its own."""

import fcntl
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness.command import COMMAND, environment
from tests.harness.dummyjson import DummyJson
from tests.tiers import deep
from tests.unit.recipes import CATALOGUE, FOLDER
from tests.world.exact import assert_exact
from tests.world.shop import Shop

pytestmark = deep

SIZE = 40
UV = Path(sys.executable).with_name("uv")
TIMEOUT_S = 300

Test = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("airflow")
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    packages = ["apache-airflow==3.3.2", "apache-airflow-providers-standard==1.21.0"]
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", folder, *packages]
    subprocess.run(install, check=True, timeout=TIMEOUT_S)
    return folder / "bin" / "airflow"


@pytest.fixture
def dags_test(airflow: Path, source: DummyJson, shop: Shop, tmp_path: Path) -> Test:
    """Returns `airflow dags test`, with the installed command and a connection with the given key."""
    dags = tmp_path / "dags"
    dags.mkdir()
    for path in FOLDER.glob("airflow_*.py"):
        text = path.read_text(encoding="utf-8").replace("/opt/medusa-sync/bin/medusa-sync", str(COMMAND))
        text = text.replace(CATALOGUE, source.url).replace('"shop"', '"dummyjson"').replace('"eur"', '"usd"')
        text = text.replace("/var/lib/medusa-sync", str(tmp_path))
        (dags / path.name).write_text(text, encoding="utf-8")
    settings = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "SYNC_PRODUCTS_LOCK_DIR": str(tmp_path),
    }

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [airflow, *arguments],
            env=environment(None, **settings, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=TIMEOUT_S,
        )

    def test(dag: str, key: str) -> subprocess.CompletedProcess[str]:
        connection = {"conn_type": "http", "host": shop.store.url, "password": key}
        return run("dags", "test", dag, AIRFLOW_CONN_MEDUSA_STORE=json.dumps(connection))

    migrated = run("db", "migrate")
    assert migrated.returncode == 0, migrated.stdout
    return test


def test_shards_are_mapped_tasks_that_sync_the_whole_catalogue(
    dags_test: Test, source: DummyJson, shop: Shop, tmp_path: Path
) -> None:
    key = shop.store.api_key
    ended = dags_test("medusa_sync_shards", key)
    assert (ended.returncode, ended.stdout.count("exited with return code 0")) == (0, 8), ended.stdout
    assert key not in ended.stdout
    assert_exact(shop, source.products)

    ended = dags_test("medusa_sync", key)
    assert (ended.returncode, ended.stdout.count(f"{SIZE} products up to date")) == (0, 1), ended.stdout

    with ExitStack() as stack:
        for path in tmp_path.glob("*.lock"):
            fcntl.flock(stack.enter_context(path.open()), fcntl.LOCK_EX)
        ended = dags_test("medusa_sync_shards", key)
    assert (ended.returncode, ended.stdout.count("exited with return code 75")) == (0, 8), ended.stdout
    assert ended.stdout.count("new_state=skipped") == 8


def test_a_task_fails_if_the_run_does(dags_test: Test) -> None:
    ended = dags_test("medusa_sync", "sk_wrong")
    assert ended.returncode == 1
    assert "exited with return code 4" in ended.stdout
