"""Read the recipes for schedulers: their commands, and the environment that each one sets."""

import re
from collections.abc import Iterator
from configparser import RawConfigParser
from dataclasses import dataclass, field, replace
from pathlib import Path
from runpy import run_path
from typing import Any
from unittest.mock import MagicMock, patch

import yaml

from tests.container.dockerfile import stages

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "recipes"
PAGES = [ROOT / "docs" / f"{name}.md" for name in ("scheduling", "ci")]
CATALOGUE = "https://shop.example.com/products.json"
"""The source of the recipes."""

CRONTAB = ROOT / "crontab.example"
IMAGE = stages()[-1]
_OF_A_DAG = "{{ params.options }}"


@dataclass(frozen=True)
class Recipe:
    """A command as a scheduler runs it; values of variables may contain the scheduler's placeholders."""

    name: str
    script: str
    environment: dict[str, str] = field(default_factory=dict)

    def once(self, options: str = "") -> "Recipe":
        """A single run with these options, as the pages say it is started."""
        if "OPTIONS" in self.environment:
            return replace(self, environment=self.environment | {"OPTIONS": options})
        if _OF_A_DAG in self.script:
            return replace(self, script=self.script.replace(_OF_A_DAG, options))
        return replace(self, script=f"{self.script} {options}")


def loaded(name: str) -> Any:
    """The only document of a file, or the last one."""
    *_, last = yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    return last


def unit(name: str) -> RawConfigParser:
    """Parse a systemd unit. If a key occurs twice, the last value is kept."""
    parser = RawConfigParser(strict=False, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # systemd is case-sensitive
    parser.read_string((FOLDER / name).read_text(encoding="utf-8"))
    return parser


def github() -> Iterator[Recipe]:
    workflow = loaded("github-actions.yml")
    for name, job in workflow["jobs"].items():
        steps = [step for step in job["steps"] if "run" in step and "if" not in step]
        variables = workflow.get("env", {}) | job.get("env", {})
        for step in steps:
            variables |= step.get("env", {})
        yield Recipe(f"github {name}", "\n".join(step["run"] for step in steps), variables)


def gitlab() -> Iterator[Recipe]:
    pipeline = loaded("gitlab-ci.yml")
    before = pipeline["default"]["before_script"]
    for name, job in pipeline.items():
        if "script" in job:
            variables = pipeline["variables"] | job.get("variables", {})
            yield Recipe(f"gitlab {name}", "\n".join([*before, *job["script"]]), variables)


def plans(vendor: str) -> tuple[Recipe, Recipe]:
    """The commands that save a plan and write it; the others are for the API of the vendor."""
    if vendor == "github":
        workflow = loaded("github-plan.yml")
        variables = workflow["env"] | {"MEDUSA_API_KEY": "${{ secrets.MEDUSA_API_KEY }}"}
        scripts = [[step.get("run", "") for step in job["steps"]] for job in workflow["jobs"].values()]
    else:
        variables = loaded("gitlab-ci.yml")["variables"]
        scripts = [job["script"] for job in loaded("gitlab-plan.yml").values()]
    commands = [next(each for each in script if "medusa-sync products" in each) for script in scripts]
    plan, apply = (Recipe(f"{vendor} plan", command, variables) for command in commands)
    return plan, apply


def kubernetes(name: str = "kubernetes-cronjob.yaml") -> Recipe:
    """Return the command of a CronJob, with the entry point of the image."""
    [container] = loaded(name)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    variables = {
        entry["name"]: entry.get("value") or f"secret {entry['valueFrom']['secretKeyRef']['key']}"
        for entry in container["env"]
    }
    words = [*container.get("command", IMAGE.words("ENTRYPOINT")), *container.get("args", ())]
    return Recipe("kubernetes", words[-1] if words[:2] == ["sh", "-c"] else " ".join(words), variables)


def airflow(name: str = "airflow_dag.py") -> list[Recipe]:
    """Return the command of each task of a DAG."""
    operator, dag = MagicMock(), MagicMock()
    modules = {"airflow.providers.standard.operators.bash": operator, "airflow.sdk": dag}
    with patch.dict("sys.modules", modules):
        run_path(str(FOLDER / name))
    called = operator.BashOperator.partial if operator.BashOperator.partial.called else operator.BashOperator
    arguments = called.call_args.kwargs
    expanded = called.return_value.expand.call_args
    commands = expanded.kwargs["bash_command"] if expanded else [arguments["bash_command"]]
    return [Recipe("airflow", command, arguments["env"]) for command in commands]


def container() -> Recipe:
    return Recipe("container", " ".join([*IMAGE.words("ENTRYPOINT"), *IMAGE.words("CMD")]))


def services() -> Iterator[Recipe]:
    for name in ("medusa-sync.service", "medusa-sync-loop.service"):
        yield Recipe(name, unit(name)["Service"]["ExecStart"])


@dataclass(frozen=True)
class CrontabLine:
    schedule: str
    command: str

    @property
    def is_a_run(self) -> bool:
        return "medusa-sync products" in self.command


def crontab_lines() -> list[CrontabLine]:
    """Return the lines that run a command, including those that are commented out."""
    found = re.findall(r"^(?:# )?((?:[\d*/]+ ){5}) (.+)$", CRONTAB.read_text(encoding="utf-8"), re.MULTILINE)
    return [CrontabLine(schedule.strip(), command.strip()) for schedule, command in found]


def crontab_settings() -> dict[str, str]:
    return dict(re.findall(r"^([A-Z]+)=(.*)$", CRONTAB.read_text(encoding="utf-8"), re.MULTILINE))
