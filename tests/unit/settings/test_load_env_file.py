"""Settings from .env."""

from pathlib import Path

import pytest

from medusa_sync.settings.load import load_settings
from medusa_sync.settings.options import ENV_FILE, OPTIONS
from tests.unit.settings.examples import KEY, VALUES, plain, problems, write_env


def test_env_file_is_optional(tmp_path: Path) -> None:
    assert load_settings({}, environment=KEY, directory=tmp_path).batch_size == 15


@pytest.mark.parametrize("by_flag", [True, False], ids=["flag", "variable"])
def test_named_env_file_must_exist(by_flag: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    name = str(tmp_path / "missing")
    flags = {"env_file": name if by_flag else None}
    (problem,) = problems(flags, KEY if by_flag else {**KEY, ENV_FILE.variable: name}, tmp_path)
    assert problem == f"{ENV_FILE.flag} ({ENV_FILE.variable}) {name!r}: the file does not exist"


@pytest.mark.parametrize("by_flag", [True, False], ids=["flag", "variable"])
def test_named_env_file_replaces_the_default_one(by_flag: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    write_env(tmp_path, SYNC_PRODUCTS_LIMIT="1", SYNC_PRODUCTS_BATCH_SIZE="1")
    named = tmp_path / "named"
    named.write_text("SYNC_PRODUCTS_LIMIT=2\n", encoding="utf-8")
    environment = {**KEY, ENV_FILE.variable: str(tmp_path / "missing" if by_flag else named)}
    settings = load_settings(
        {"env_file": str(named) if by_flag else None}, environment=environment, directory=tmp_path
    )
    assert (settings.limit, settings.batch_size) == (2, 15)


def test_env_file_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("MEDUSA_PASSWORD=hüsh\n".encode("latin-1"))
    reported = problems({"limit": "0"}, KEY, tmp_path)
    assert [problem.split(":")[0] for problem in reported] == [
        str(tmp_path / ".env"),
        "--limit (SYNC_PRODUCTS_LIMIT) '0'",
    ]


def test_folder_as_env_file_is_reported(tmp_path: Path) -> None:
    (problem,) = problems({"env_file": str(tmp_path)}, KEY, tmp_path)
    assert problem.startswith(f"{tmp_path}: the file cannot be read")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("MEDUSA_BACKEND_URL: http://store.example", "expected NAME=value"),
        ("SYNC_PRODUCTS_LIMIT 5", "expected NAME=value"),
        ("SYNC_PRODUCTS_LIMIT", "expected NAME=value"),
        ("MEDUSA_PASSWORD='hush", "expected NAME=value"),
        (
            "SYNC_PRODUCTS_CURENCY=eur",
            "the setting SYNC_PRODUCTS_CURENCY does not exist; did you mean SYNC_PRODUCTS_CURRENCY?",
        ),
        ("SYNC_PRODUCTS_XYZZY=1", "the setting SYNC_PRODUCTS_XYZZY does not exist"),
    ],
)
def test_invalid_line_is_reported_by_number_without_its_content(
    line: str, problem: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"# a comment\n\n{line}\nSYNC_PRODUCTS_STATUS=draft\n", encoding="utf-8")
    in_file, in_flag = problems({"limit": "0"}, KEY, tmp_path)
    assert in_file == f"{tmp_path / '.env'}, line 3: {problem}"
    assert in_flag.startswith("--limit")


def test_variables_of_other_programs_are_ignored(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MEDUSA_ADMIN_ONBOARDING\nDATABASE_URL=postgres://x\n", encoding="utf-8")
    assert load_settings({}, environment=KEY, directory=tmp_path).limit is None


def test_unknown_setting_is_reported(tmp_path: Path) -> None:
    assert problems({"dryrun": True}, KEY, tmp_path) == ["dryrun: this setting does not exist"]


@pytest.mark.parametrize("name", ["source", "lock_dir", "report", "metrics_file"])
def test_path_may_start_with_a_tilde(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/shop")
    write_env(tmp_path, **{OPTIONS[name].variable: f"~/{VALUES[name][0]}"})
    settings = load_settings({}, environment=KEY, directory=tmp_path)
    assert getattr(settings, name) == f"/home/shop/{VALUES[name][0]}"


@pytest.mark.parametrize(
    "line",
    [
        "MEDUSA_PASSWORD=pa$HOME${x}",
        "MEDUSA_PASSWORD='pa$HOME${x}'",
        "\ufeffMEDUSA_PASSWORD=pa$HOME${x}",
        "export MEDUSA_PASSWORD=pa$HOME${x}",
        "# a comment\r\n\r\nMEDUSA_PASSWORD=pa$HOME${x}\r\n",
    ],
    ids=["plain", "quoted", "byte-order-mark", "export", "windows"],
)
def test_env_file_values_are_literal(line: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(line.encode())
    settings = load_settings({}, environment={"MEDUSA_EMAIL": "me@example.com"}, directory=tmp_path)
    assert plain(settings, "password") == "pa$HOME${x}"


def test_process_environment_and_working_directory_are_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(tmp_path, **KEY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNC_PRODUCTS_LIMIT", "7")
    assert load_settings({}).limit == 7
