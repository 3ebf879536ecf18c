"""The recipes for schedulers are well formed, linked, and use only options that exist."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from docs.build import DOCS, README
from medusa_sync.settings.options import ALL_OPTIONS, ENV_FILE, OPTIONS
from tests.container.dockerfile import context, copied
from tests.unit.recipes import (
    CRONTAB,
    FOLDER,
    IMAGE,
    PAGES,
    ROOT,
    Recipe,
    airflow,
    container,
    github,
    gitlab,
    kubernetes,
    loaded,
    plans,
    services,
    unit,
)

FILES = sorted(FOLDER.iterdir())
EXAMPLES = [
    DOCS / "examples" / "compose.yaml",
    DOCS / "scheduling.md",
]
SWITCHES = {f"--no-{option.flag[2:]}" for option in OPTIONS.values() if option.is_switch}
FLAGS = {option.flag for option in ALL_OPTIONS} | SWITCHES
VARIABLE = re.compile(r"\b[A-Z]+_[A-Z]+\b")


def flags(text: str) -> set[str]:
    """Return the flags that follow the command on its line."""
    calls = re.findall(r"medusa-sync products\b(.*)", text)
    return set(re.findall(r"(?<=\s)--[a-z][a-z-]*", " ".join(calls)))


@pytest.mark.parametrize(
    "path", [*FILES, *sorted(DOCS.glob("*.md")), README, CRONTAB], ids=lambda path: str(path.name)
)
def test_files_and_pages_use_existing_options(path: Path) -> None:
    assert flags(path.read_text(encoding="utf-8")) <= FLAGS


@pytest.mark.parametrize(
    "recipe",
    [
        *(*github(), *gitlab(), *services(), kubernetes(), *airflow(), container()),
        *(kubernetes("kubernetes-shards.yaml"), *airflow("airflow_shards.py")),
    ],
    ids=lambda recipe: str(recipe.name),
)
def test_commands_use_existing_options_and_variables(recipe: Recipe) -> None:
    assert "medusa-sync products" in recipe.script
    assert flags(recipe.script) <= FLAGS
    known = {option.variable for option in [*OPTIONS.values(), ENV_FILE]}
    assert recipe.environment.keys() - {"OPTIONS"} <= known


@pytest.mark.parametrize(
    "path",
    [*(path for path in FILES if path.suffix != ".timer"), CRONTAB, README, *EXAMPLES],
    ids=lambda path: str(path.name),
)
def test_every_recipe_names_its_catalogue(path: Path) -> None:
    """Without a source, a copied recipe would write the products of DummyJSON into a real shop."""
    named = set(re.findall(r"\bSYNC_PRODUCTS_SOURCE(?:_\w+)?\b", path.read_text(encoding="utf-8")))
    assert {"SYNC_PRODUCTS_SOURCE", "SYNC_PRODUCTS_SOURCE_NAME"} <= named


@pytest.mark.parametrize(
    "recipe",
    [
        *(*github(), *gitlab(), kubernetes(), *airflow()),
        *(*plans("github"), kubernetes("kubernetes-shards.yaml"), *airflow("airflow_shards.py")),
    ],
    ids=lambda recipe: recipe.name,
)
def test_every_command_of_a_recipe_gets_a_source_its_name_and_its_currency(recipe: Recipe) -> None:
    """The source is a shop of Shopify, which does not say its currency."""
    wanted = {"SYNC_PRODUCTS_SOURCE", "SYNC_PRODUCTS_SOURCE_NAME", "SYNC_PRODUCTS_CURRENCY"}
    assert wanted <= recipe.environment.keys()


def test_the_pages_link_every_recipe() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for path in FILES:
        assert f"](recipes/{path.name})" in text


def test_schedulers_neither_retry_nor_start_concurrent_runs() -> None:
    for name, limit in (("cronjob", "backoffLimit"), ("shards", "backoffLimitPerIndex")):
        spec = loaded(f"kubernetes-{name}.yaml")["spec"]
        job = spec["jobTemplate"]["spec"]
        assert (spec["concurrencyPolicy"], job[limit]) == ("Forbid", 0)
        assert job["template"]["spec"]["restartPolicy"] == "Never"
    pipeline = loaded("gitlab-ci.yml")
    assert pipeline["sync"]["resource_group"]
    assert not any("retry" in job for job in pipeline.values())
    assert "Restart" not in unit("medusa-sync.service")["Service"]
    for name in ("airflow_dag.py", "airflow_shards.py"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert {"max_active_runs=1", "retries=0"} <= set(re.findall(r"\w+=\d", text))


def test_the_shards_of_a_recipe_are_the_whole_catalogue(tmp_path: Path) -> None:
    whole = [f"products --shard {number}/8" for number in range(1, 9)]
    commands = [recipe.script.partition("/bin/medusa-sync ")[2] for recipe in airflow("airflow_shards.py")]
    assert commands == whole
    command = tmp_path / "medusa-sync"
    command.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    jobs = loaded("kubernetes-shards.yaml")["spec"]["jobTemplate"]["spec"]
    script = kubernetes("kubernetes-shards.yaml").script
    shown = [
        subprocess.check_output(
            ["sh", "-c", script],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "JOB_COMPLETION_INDEX": str(index)},
            encoding="utf-8",
        ).strip()
        for index in range(jobs["completions"])
    ]
    assert shown == whole


def test_recipes_contain_no_secret() -> None:
    for path in FILES:
        assert re.findall(r"\bsk_\w+", path.read_text(encoding="utf-8")) == [], path.name


def test_the_image_does_not_run_as_root_and_copies_only_what_it_needs() -> None:
    assert int(IMAGE.last("USER")) > 0
    needed = {"pyproject.toml", "README.md", "LICENSE", "medusa_sync", "requirements-runtime.lock"}
    assert copied() == context() == needed
    assert all((ROOT / name).exists() for name in needed)


def test_the_compose_file_fits_together() -> None:
    folder = ROOT / "docs" / "examples"
    services = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["services"]
    sync, store = services["medusa-sync"], services["medusa"]
    assert (folder / sync["build"]).resolve() == ROOT
    assert sync["environment"].keys() <= {option.variable for option in OPTIONS.values()}
    assert {word for word in sync["command"] if word.startswith("-")} <= FLAGS
    assert (sync["read_only"], sync["tmpfs"], sync["cap_drop"]) == (True, ["/tmp"], ["ALL"])  # noqa: S108
    own, given = sync["environment"], store["environment"]
    assert (own["MEDUSA_EMAIL"], own["MEDUSA_PASSWORD"]) == (given["ADMIN_EMAIL"], given["ADMIN_PASSWORD"])
    texts = [(folder / "store" / name).read_text() for name in ("medusa-config.js", "start.sh")]
    assert {variable for text in texts for variable in VARIABLE.findall(text)} <= given.keys()


def test_the_readme_quotes_lines_of_the_crontab() -> None:
    [block] = re.findall(r"```cron\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = block.splitlines()
    assert set(lines) <= set(CRONTAB.read_text(encoding="utf-8").splitlines())
    assert [line.split("=")[0] for line in lines[:-1]] == ["PATH"], "that of cron lacks the command"
