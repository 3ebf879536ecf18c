"""The package with a source that the pages show: it is installed, passes its tests, and is read."""

import json
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from docs.build import DOCS


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with medusa-sync and the example, which nothing is downloaded for."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(DOCS / "examples" / "shopdb", folder / "shopdb")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    [site] = (folder / "venv").glob("lib/python*/site-packages")
    ours = sysconfig.get_path("purelib")
    (site / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    # Without an index, pip accepts only a medusa-sync that is already installed.
    install = ("install", "--quiet", "--no-index", "--no-build-isolation", folder / "shopdb")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
    return python


def test_its_tests_pass(python: Path) -> None:
    folder = python.parents[2] / "shopdb"
    (folder / "shopdb.py").unlink()  # the installed one is tested
    command: list[str | Path] = [python, "-m", "pytest", "--quiet", "--rootdir", folder, folder]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert ended.returncode == 0, ended.stdout
    assert "13 passed, 2 skipped" in ended.stdout


def test_its_url_is_a_source_of_the_command(python: Path, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE products (number, name, cents, quantity, labels, active)")
        database.execute(
            "INSERT INTO products VALUES (1, 'Mug', 950, 3, 'blue clay', 1), (2, '', 1, 1, NULL, 1)"
        )
    database.close()
    command: list[str | Path] = [
        python,
        "-m",
        "medusa_sync",
        "products",
        "--dry-run",
        "--json",
        "--source",
        f"shopdb://{path}",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    document = json.loads(ended.stdout)
    assert (document["counts"].get("not_compared"), document["counts"].get("rejected")) == (1, 1), document
    assert document["source"] == document["source"] | {"url": f"shopdb://{path}", "format": "shop database"}
