"""The wheel in an empty environment, with each installed Python."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from medusa_sync import __version__
from tests.harness.pythons import python_of
from tests.tiers import sampled

ROOT = Path(__file__).parent.parent.parent
PYTHONS = [f"3.{minor}" for minor in (11, 12, 13, 14)]
KEPT = {"PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"}  # uv finds certificates by the last two


def run(*command: str | Path, **environment: str) -> str:
    """Run a command that must succeed, without the environment variables of the test run."""
    clean = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("UV_")}
    ended = subprocess.run(
        command, env=clean | environment, capture_output=True, encoding="utf-8", check=False, cwd="/"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    [wheel] = folder.glob("*.whl")
    [_] = folder.glob("*.tar.gz")
    return wheel


def command_of(python: str, wheel: Path, folder: Path) -> Path:
    """Install the wheel with only its dependencies; return the path of the command."""
    own = folder / "venv"
    run(python, "-m", "venv", "--without-pip", own)
    run(
        *(sys.executable, "-m", "pip", "--python", own / "bin" / "python"),
        *("install", "--quiet", "--disable-pip-version-check", wheel),
    )
    return own / "bin" / "medusa-sync"


def test_the_wheel_contains_only_the_package_and_its_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "medusa_sync/py.typed",
        "medusa_sync/sources/sample/products.json",
        "medusa_sync/sources/dialects/shopify.csv",
        "medusa_sync/sources/maps/shopify-json.jq",
        "medusa_sync/report/report.html.j2",
    } <= {*names}
    metadata = zipfile.ZipFile(wheel).read(f"medusa_sync-{__version__}.dist-info/METADATA").decode()
    assert "\nLicense-Expression: MIT\nLicense-File: LICENSE\n" in metadata
    assert {name.split("/")[0] for name in names} == {"medusa_sync", f"medusa_sync-{__version__}.dist-info"}


@pytest.mark.parametrize("version", sampled(PYTHONS, f"3.{sys.version_info.minor}"))
def test_the_wheel_runs(version: str, wheel: Path, tmp_path: Path) -> None:
    python = python_of(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed")
    command = command_of(python, wheel, tmp_path)
    for start in ([command], [command.with_name("python"), "-m", "medusa_sync"]):
        assert run(*start, "--version") == f"medusa-sync {__version__}\n"
    report = tmp_path / "report.html"
    output = run(command, "products", "--source", "sample", "--dry-run", "--json", "--report", report)
    assert json.loads(output)["counts"]["not_compared"] == 63
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    metrics = tmp_path / "metrics.prom"
    once = ("--loop", "--run-now", "--max-runs", "1", "--timezone", "Europe/Riga")
    run(command, "products", "--source", "sample", "--dry-run", *once, "--metrics-file", metrics)
