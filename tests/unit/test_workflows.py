"""The workflows of GitHub: they match its schemas, call targets that exist, and are pinned."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import validate

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
SCHEMAS = {
    "github-workflows": [*WORKFLOWS, *(ROOT / "docs/recipes").glob("github-*.yml")],
    "gitlab-ci": [ROOT / "docs/recipes/gitlab-ci.yml", ROOT / "docs/recipes/gitlab-plan.yml"],
    "github-actions": [ROOT / "action.yml"],
    "github-issue-forms": [path for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.stem != "config"],
    "github-issue-config": [GITHUB / "ISSUE_TEMPLATE/config.yml"],
    "dependabot": [GITHUB / "dependabot.yml"],
    "compose-spec": [ROOT / "docs/examples/compose.yaml"],
}
BY_TAG = {"pypa/gh-action-pypi-publish"}  # its newest commits could not be looked up


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("schema", "files"), SCHEMAS.items(), ids=SCHEMAS)
def test_files_match_their_schemas(schema: str, files: list[Path]) -> None:
    vendored = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{schema}.json"
    rules = json.loads(vendored.read_text(encoding="utf-8"))
    assert files
    for file in files:
        # YAML reads `on` as true.
        validate({"on" if key is True else key: value for key, value in read(file).items()}, rules)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: str(path.stem))
def test_workflows_call_targets_of_the_makefile_and_have_few_permissions(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    jobs = read(workflow)["jobs"].values()
    for command in (step["run"] for job in jobs for step in job["steps"] if "run" in step):
        called = re.match(r"(?:make|\.ci/run) ([a-z-]+)", command)
        assert command == ".ci/run" or (called and called[1] in targets), command
    assert read(workflow)["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in jobs)


def test_actions_are_pinned_by_a_hash_that_is_the_same_everywhere() -> None:
    files = [*WORKFLOWS, ROOT / "action.yml", *(ROOT / "docs/recipes").glob("github-*.yml")]
    found: dict[str, set[str]] = {}
    for text in (path.read_text(encoding="utf-8") for path in files):
        for action, version in re.findall(r"uses: ([^@\s]+)@(.+)", text):
            found.setdefault(action, set()).add(version)
    assert all(len(versions) == 1 for versions in found.values())
    pinned = {name for name, [version] in found.items() if re.fullmatch(r"[0-9a-f]{40} # v[\d.]+", version)}
    assert found.keys() - pinned == BY_TAG


def test_only_the_job_that_publishes_may_and_it_runs_no_code_of_the_checkout() -> None:
    jobs = read(GITHUB / "workflows/release.yml")["jobs"]
    assert jobs["publish"]["environment"] == "pypi"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
