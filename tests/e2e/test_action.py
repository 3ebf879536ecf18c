"""The action for GitHub: each of its `run` blocks, in the environment that a runner provides."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.command import TIMEOUT_S
from tests.harness.dummyjson import DummyJson
from tests.world.shop import Shop

pytestmark = pytest.mark.xdist_group("action")  # its packages are installed once

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SIZE = 20
KEPT = {"SSL_CERT_FILE", "SSL_CERT_DIR"}  # and the settings of pip, which finds packages by them
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) }}")


@dataclass
class Runner:
    """Runs the steps of an action that have a `run` block; outputs and summaries are files, as on GitHub."""

    folder: Path
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key in KEPT or key.startswith("PIP_")}
        names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        return {
            **kept,
            **{name: str(self.folder / name) for name in names},
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",  # of setup-python
            "HOME": str(self.folder / "home"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "RUNNER_TEMP": str(self.folder),
        }

    def run(self, step: dict[str, Any], **inputs: str) -> int:
        """Run a step; return its exit code."""
        defaults = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        given = defaults | {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() == defaults.keys()
        values = {key: INPUT.sub(lambda m: given[m[1]], text) for key, text in step.get("env", {}).items()}
        environment = self.environment() | values
        files = [Path(environment[name]) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]
        for file in files:
            file.write_text("", encoding="utf-8")
        script = self.folder / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        workspace = self.folder / "workspace"
        workspace.mkdir(exist_ok=True)
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],  # `shell: bash`
            env=environment,
            cwd=workspace,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=TIMEOUT_S,
        )
        self.log = ended.stdout + ended.stderr
        output, self.summary = (file.read_text(encoding="utf-8") for file in files)
        self.outputs = dict(line.split("=", 1) for line in output.splitlines())
        return ended.returncode


def step(name: str) -> dict[str, Any]:
    [found] = [each for each in ACTION["runs"]["steps"] if each.get("name") == name]
    assert "${{" not in found["run"]  # an input could then be a command
    return dict(found)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    runner = Runner(tmp_path_factory.mktemp("runner"))
    assert runner.run(step("Install medusa-sync")) == 0, runner.log
    return runner


def test_every_run_block_is_tested_and_every_input_used() -> None:
    blocks = [each["name"] for each in ACTION["runs"]["steps"] if "run" in each]
    assert blocks == ["Install medusa-sync", "Sync products"]
    assert set(INPUT.findall(json.dumps(ACTION["runs"]))) == {*ACTION["inputs"]}
    used = re.findall(r"steps\.sync\.outputs\.([a-z-]+)", json.dumps(ACTION["outputs"]))
    assert used == [*ACTION["outputs"]]


def test_a_plan_a_sync_and_a_second_sync(runner: Runner, source: DummyJson, shop: Shop) -> None:
    inputs = {"medusa_url": shop.store.url, "api_key": shop.store.api_key, "source": source.url}
    sync = step("Sync products")

    assert runner.run(sync, **inputs, dry_run="true", fail_on_changes="true") == 7
    assert (runner.outputs["created"], runner.outputs["exit-code"]) == ("20", "7")
    assert shop.products() == []

    assert runner.run(sync, **inputs, source_name="shop") == 0, runner.log
    assert (runner.outputs["created"], runner.outputs["updated"]) == ("20", "0")
    assert shop.by_external_id().keys() == {f"shop:{number}" for number in range(1, 21)}
    assert "| created |" in runner.summary

    source.edit(3, price=1234.5)
    assert runner.run(sync, **inputs, source_name="shop", options="--skip=price\n\n--verbose\n") == 0
    assert (runner.outputs["created"], runner.outputs["updated"]) == ("0", "0")
    assert runner.run(sync, **inputs, source_name="shop") == 0
    assert (runner.outputs["created"], runner.outputs["updated"]) == ("0", "1")
    report = json.loads(Path(runner.outputs["report"]).read_text(encoding="utf-8"))
    assert [change["external_id"] for change in report["changes"]] == ["shop:3"]


def test_a_saved_plan_is_written_without_the_source(runner: Runner, source: DummyJson, shop: Shop) -> None:
    store = {"medusa_url": shop.store.url, "api_key": shop.store.api_key, "source_name": "shop"}
    sync = step("Sync products")
    assert runner.run(sync, **store, source=source.url, dry_run="true", save_plan="plan.ndjson") == 0
    source.edit(3, price=1234.5)
    assert runner.run(sync, **store, apply_plan="plan.ndjson") == 0, runner.log
    assert runner.outputs["created"] == "20"
    assert runner.run(sync, **store, source=source.url) == 0
    assert runner.outputs["updated"] == "1"


def test_a_wrong_input_fails_the_step(runner: Runner) -> None:
    code = runner.run(step("Sync products"), medusa_url="http://localhost:1", currency="$(touch file)")
    assert (code, runner.outputs) == (2, {"exit-code": "2"})
    assert "SYNC_PRODUCTS_CURRENCY" in runner.log
    assert not (runner.folder / "workspace" / "file").exists()
    assert runner.run(step("Sync products"), medusa_url="http://localhost:1", options="--no such") == 2


def test_without_a_key_a_dry_run_checks_only_the_source(runner: Runner) -> None:
    code = runner.run(step("Sync products"), medusa_url="http://localhost:1", source="sample", dry_run="true")
    assert (code, runner.outputs["exit-code"], runner.outputs["created"]) == (0, "0", "0")
    assert "63" in runner.summary
