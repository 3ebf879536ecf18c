"""Settings from flags, environment, .env and defaults; all problems are reported at once."""

import traceback
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import pytest

from medusa_sync.errors import SettingsError
from medusa_sync.settings.load import load_settings
from medusa_sync.settings.options import ENV_FILE, OPTIONS, Option, Settings
from medusa_sync.settings.secrets import Secret

# By metavar: three valid values and an invalid one.
EXAMPLES: Final = {
    "": (("one", "two", "three"), " "),
    "TEXT": (("one", "two", "three"), " "),
    "NAME": (("one", "two", "three"), "Toys & Games"),
    "NAME|ID": (("One", "Two", "Three"), " "),
    "FILE": (("one.json", "two.csv", "three.html"), "four.txt"),
    "FILE.prom": (("one.prom", "two.prom", "three.prom"), "four.txt"),
    "FOLDER": (("one", "two", "three"), " "),
    "URL": (("http://one.example", "http://two.example", "http://three.example"), "store.example"),
    "URL|FILE|sample": (("one.json", "https://two.example/products", "three.json"), "ftp://one.example"),
    "CODE": (("eur", "gbp", "jpy"), "dollars"),
    "N": (("1", "2", "3"), "many"),
    "N|auto": (("1", "auto", "3"), "many"),
    "N|N%": (("1", "20%", "3"), "101%"),
    "CRON": (("0 4 * * *", "@hourly", "*/10 * * * * *"), "0 25 * * *"),
    "ZONE": (("UTC", "Europe/Riga", "Asia/Tokyo"), "Mars/Phobos"),
    "SECONDS": (("1", "2.5", "3"), "0"),
}


def _examples(option: Option) -> tuple[tuple[str, ...], str]:
    if option.is_switch:
        return ("true", "false", "true"), "perhaps"
    choices = option.metavar.split("|")
    return EXAMPLES.get(option.metavar) or ((*choices, *choices)[:3], "neither")


VALUES: Final = {name: _examples(option)[0] for name, option in OPTIONS.items()}
INVALID: Final = {name: _examples(option)[1] for name, option in OPTIONS.items()}
KEY: Final = {"MEDUSA_API_KEY": "sk_key"}
LOGIN: Final = {"MEDUSA_EMAIL": "me@example.com", "MEDUSA_PASSWORD": "hush"}

every_option = pytest.mark.parametrize("name", OPTIONS)
every_flag = pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.flag])
every_switch = pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.is_switch])
every_valued_flag = pytest.mark.parametrize(
    "name", [name for name, option in OPTIONS.items() if option.flag and not option.is_switch]
)


def plain(settings: Settings, name: str) -> Any:
    """Return a setting in comparable form."""
    value = getattr(settings, name)
    return value.reveal() if isinstance(value, Secret) else value


def as_read(name: str, text: str) -> Any:
    value = OPTIONS[name].read(text)
    return value.reveal() if isinstance(value, Secret) else value


def problems(
    flags: Mapping[str, str | bool | None], environment: Mapping[str, str], directory: Path
) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, environment=environment, directory=directory)
    assert caught.value.exit_code == 2
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def write_env(directory: Path, **variables: str) -> None:
    lines = (f"{variable}='{text}'\n" for variable, text in variables.items())
    (directory / ".env").write_text("".join(lines), encoding="utf-8")


# --- precedence -----------------------------------------------------------------------------------------


@every_flag
def test_flag_overrides_environment_and_file(name: str, tmp_path: Path) -> None:
    variable = OPTIONS[name].variable
    for flag, environment, written in set(permutations(VALUES[name])):
        write_env(tmp_path, **{**KEY, variable: written})
        environ = {"SYNC_PRODUCTS_LOOP": "true", variable: environment}
        settings = load_settings({name: flag}, environment=environ, directory=tmp_path)
        assert plain(settings, name) == as_read(name, flag)


@every_option
def test_environment_overrides_file(name: str, tmp_path: Path) -> None:
    variable = OPTIONS[name].variable
    for environment, written in set(permutations(VALUES[name], 2)):
        write_env(tmp_path, **{**KEY, **LOGIN, variable: written})
        settings = load_settings({name: None}, environment={variable: environment}, directory=tmp_path)
        assert plain(settings, name) == as_read(name, environment)


@every_option
def test_file_overrides_default(name: str, tmp_path: Path) -> None:
    for written in VALUES[name]:
        write_env(tmp_path, **{**KEY, **LOGIN, OPTIONS[name].variable: written})
        settings = load_settings({}, environment={}, directory=tmp_path)
        assert plain(settings, name) == as_read(name, written)


@pytest.mark.parametrize("credentials", [KEY, LOGIN], ids=["key", "log-in"])
def test_missing_settings_have_their_defaults(credentials: dict[str, str], tmp_path: Path) -> None:
    settings = load_settings({}, environment=credentials, directory=tmp_path)
    for name, option in OPTIONS.items():
        if option.variable not in credentials:
            default = None if option.default is None else as_read(name, option.default)
            assert plain(settings, name) == default, name


def test_defaults_do_not_change() -> None:
    settings = load_settings({}, environment=KEY, directory=Path("no-such-folder"))
    assert (settings.batch_size, settings.max_retries, settings.dry_run) == (15, 2, False)
    assert settings.source == "https://dummyjson.com/products"
    assert settings.medusa_url == "http://localhost:9000"
    assert (settings.currency, settings.status, settings.source_name) == ("usd", "published", "dummyjson")


@every_option
def test_empty_variable_counts_as_not_set(name: str, tmp_path: Path) -> None:
    variable = OPTIONS[name].variable
    write_env(tmp_path, **{**KEY, **LOGIN, variable: VALUES[name][0]})
    settings = load_settings({}, environment={variable: ""}, directory=tmp_path)
    assert plain(settings, name) == as_read(name, VALUES[name][0])


@every_valued_flag
def test_empty_flag_is_invalid(name: str, tmp_path: Path) -> None:
    (problem,) = problems({name: ""}, {**KEY, OPTIONS[name].variable: VALUES[name][0]}, tmp_path)
    assert problem.startswith(OPTIONS[name].flag)


@every_switch
def test_flag_turns_a_switch_off(name: str, tmp_path: Path) -> None:
    settings = load_settings(
        {name: False}, environment={**KEY, OPTIONS[name].variable: "true"}, directory=tmp_path
    )
    assert getattr(settings, name) is False


@pytest.mark.parametrize("name", ["schedule", "timezone", "max_runs", "run_now"])
def test_loop_flags_need_the_loop_but_variables_do_not(name: str, tmp_path: Path) -> None:
    (problem,) = problems({name: VALUES[name][0]}, KEY, tmp_path)
    assert problem == f"{OPTIONS[name].spelling}: it has no effect without --loop; add --loop or remove it"
    load_settings({}, environment={**KEY, OPTIONS[name].variable: VALUES[name][0]}, directory=tmp_path)


# --- problems -------------------------------------------------------------------------------------------


@every_option
def test_invalid_setting_is_reported_once_with_flag_and_variable(name: str, tmp_path: Path) -> None:
    option = OPTIONS[name]
    credentials = LOGIN if name in {"email", "password"} else KEY
    (problem,) = problems({}, {**credentials, option.variable: INVALID[name]}, tmp_path)
    assert option.flag in problem
    assert option.variable in problem


@every_flag
def test_invalid_flag_is_reported_with_its_value(name: str, tmp_path: Path) -> None:
    (problem,) = problems({name: INVALID[name]}, KEY, tmp_path)
    assert problem.startswith(f"{OPTIONS[name].flag} ({OPTIONS[name].variable}) {INVALID[name]!r}: ")


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    environment = {option.variable: INVALID[name] for name, option in OPTIONS.items()}
    reported = problems({"env_file": "no-such-file"}, environment, tmp_path)
    for option in (ENV_FILE, *OPTIONS.values()):
        assert sum(option.spelling in problem for problem in reported) == 1, option.variable
    assert len(reported) == len(OPTIONS) + 1


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"MEDUSA_EMAIL": "me@example.com"}, "MEDUSA_PASSWORD"),
        ({"MEDUSA_PASSWORD": "hush"}, "MEDUSA_EMAIL"),
        ({}, "MEDUSA_API_KEY"),
    ],
    ids=["no-password", "no-email", "nothing"],
)
def test_missing_credentials_are_named(environment: dict[str, str], missing: str, tmp_path: Path) -> None:
    (problem,) = problems({}, environment, tmp_path)
    assert problem.startswith(f"{missing}: it is not set")


def test_dry_run_needs_no_credentials(tmp_path: Path) -> None:
    settings = load_settings({"dry_run": True}, environment={}, directory=tmp_path)
    assert (settings.api_key, settings.email, settings.password) == (None, None, None)


# --- secrets --------------------------------------------------------------------------------------------


def test_representation_hides_secrets(tmp_path: Path) -> None:
    settings = load_settings({}, environment={**KEY, **LOGIN}, directory=tmp_path)
    for text in (repr(settings), str(settings), f"{settings.api_key} {settings.password}"):
        assert "sk_key" not in text
        assert "hush" not in text


def test_messages_and_tracebacks_hide_secrets(tmp_path: Path) -> None:
    environment = {option.variable: INVALID[name] for name, option in OPTIONS.items()}
    environment |= {"MEDUSA_API_KEY": "sk_key", "MEDUSA_PASSWORD": "hush"}
    with pytest.raises(SettingsError) as caught:
        load_settings({}, environment=environment, directory=tmp_path)
    text = "".join(traceback.format_exception(caught.value))
    assert "sk_key" not in text
    assert "hush" not in text


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hush@store.example",
        "http://hush@store.example",
        "htps://store.example/?token=hush",
        "https://store.example:x/?token=hush",
    ],
)
@pytest.mark.parametrize("name", ["medusa_url", "source"])
def test_invalid_url_is_reported_without_its_secret(name: str, url: str, tmp_path: Path) -> None:
    (problem,) = problems({name: url}, KEY, tmp_path)
    assert "hush" not in problem


def test_secrets_have_no_flag() -> None:
    assert all(OPTIONS[name].flag == "" for name in ("api_key", "email", "password"))


# --- .env -----------------------------------------------------------------------------------------------


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


# --- the table ------------------------------------------------------------------------------------------


def test_flags_and_variables_are_unique() -> None:
    options = [ENV_FILE, *OPTIONS.values()]
    flags = [option.flag for option in options if option.flag]
    assert len(set(flags)) == len(flags)
    assert len({option.variable for option in options}) == len(options)


@every_option
def test_every_help_text_is_a_sentence(name: str) -> None:
    assert OPTIONS[name].help.endswith(".")


def test_settings_are_immutable(tmp_path: Path) -> None:
    settings = load_settings({}, environment=KEY, directory=tmp_path)
    with pytest.raises(FrozenInstanceError):
        settings.limit = 1  # type: ignore[misc]
