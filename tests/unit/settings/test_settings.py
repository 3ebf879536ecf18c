"""Flags > environment > .env > defaults, and all that is wrong told at once."""

import ssl
import traceback
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.errors import SettingsError
from medusa_sync.settings import ENV_FILE, OPTIONS, Option, Settings, load, parsers

# Three values of each kind of setting, which its metavar tells, and one that is wrong.
KINDS: Final = {
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
    "N|N%": (("1", "20%", "3"), "101%"),
    "CRON": (("0 4 * * *", "@hourly", "*/10 * * * * *"), "0 25 * * *"),
    "ZONE": (("UTC", "Europe/Riga", "Asia/Tokyo"), "Mars/Phobos"),
    "SECONDS": (("1", "2.5", "3"), "0"),
}


def _kind(option: Option) -> tuple[tuple[str, ...], str]:
    if option.is_switch:
        return ("true", "false", "true"), "perhaps"
    choices = option.metavar.split("|")
    return KINDS.get(option.metavar) or ((*choices, *choices)[:3], "neither")


VALUES: Final = {name: _kind(option)[0] for name, option in OPTIONS.items()}
WRONG: Final = {name: _kind(option)[1] for name, option in OPTIONS.items()}
KEY: Final = {"MEDUSA_API_KEY": "sk_key"}
LOGIN: Final = {"MEDUSA_EMAIL": "me@example.com", "MEDUSA_PASSWORD": "hush"}

every_option = pytest.mark.parametrize("name", OPTIONS)
every_flag = pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.flag])
every_switch = pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.is_switch])
every_valued_flag = pytest.mark.parametrize(
    "name", [name for name, option in OPTIONS.items() if option.flag and not option.is_switch]
)


def plain(settings: Settings, name: str) -> Any:
    """A setting in comparable form."""
    value = getattr(settings, name)
    return value.reveal() if isinstance(value, parsers.Secret) else value


def as_read(name: str, text: str) -> Any:
    value = OPTIONS[name].read(text)
    return value.reveal() if isinstance(value, parsers.Secret) else value


def problems(
    flags: Mapping[str, str | bool | None], environment: Mapping[str, str], directory: Path
) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(flags, environment=environment, directory=directory)
    assert caught.value.exit_code == 2
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def write_env(directory: Path, **variables: str) -> None:
    lines = (f"{variable}='{text}'\n" for variable, text in variables.items())
    (directory / ".env").write_text("".join(lines), encoding="utf-8")


# --- precedence -----------------------------------------------------------------------------------------


@every_flag
def test_a_flag_beats_everything(name: str, tmp_path: Path) -> None:
    variable = OPTIONS[name].variable
    for flag, environment, written in set(permutations(VALUES[name])):
        write_env(tmp_path, **{**KEY, variable: written})
        environ = {"SYNC_PRODUCTS_LOOP": "true", variable: environment}
        settings = load({name: flag}, environment=environ, directory=tmp_path)
        assert plain(settings, name) == as_read(name, flag)


@every_option
def test_the_environment_beats_the_file(name: str, tmp_path: Path) -> None:
    variable = OPTIONS[name].variable
    for environment, written in set(permutations(VALUES[name], 2)):
        write_env(tmp_path, **{**KEY, **LOGIN, variable: written})
        settings = load({name: None}, environment={variable: environment}, directory=tmp_path)
        assert plain(settings, name) == as_read(name, environment)


@every_option
def test_the_file_beats_the_default(name: str, tmp_path: Path) -> None:
    for written in VALUES[name]:
        write_env(tmp_path, **{**KEY, **LOGIN, OPTIONS[name].variable: written})
        settings = load({}, environment={}, directory=tmp_path)
        assert plain(settings, name) == as_read(name, written)


@pytest.mark.parametrize("credentials", [KEY, LOGIN], ids=["key", "log-in"])
def test_what_is_not_told_has_its_default(credentials: dict[str, str], tmp_path: Path) -> None:
    settings = load({}, environment=credentials, directory=tmp_path)
    for name, option in OPTIONS.items():
        if option.variable not in credentials:
            default = None if option.default is None else as_read(name, option.default)
            assert plain(settings, name) == default, name


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = load({}, environment=KEY, directory=Path("no-such-folder"))
    assert (settings.batch_size, settings.max_retries, settings.dry_run) == (15, 2, False)
    assert settings.source == "https://dummyjson.com/products"
    assert settings.medusa_url == "http://localhost:9000"
    assert (settings.currency, settings.status, settings.source_name) == ("usd", "published", "dummyjson")


@every_option
def test_an_empty_variable_is_as_good_as_none(name: str, tmp_path: Path) -> None:
    variable = OPTIONS[name].variable
    write_env(tmp_path, **{**KEY, **LOGIN, variable: VALUES[name][0]})
    settings = load({}, environment={variable: ""}, directory=tmp_path)
    assert plain(settings, name) == as_read(name, VALUES[name][0])


@every_valued_flag
def test_an_empty_flag_is_wrong_and_not_overlooked(name: str, tmp_path: Path) -> None:
    (problem,) = problems({name: ""}, {**KEY, OPTIONS[name].variable: VALUES[name][0]}, tmp_path)
    assert problem.startswith(OPTIONS[name].flag)


@every_switch
def test_a_switch_can_be_turned_off_by_its_flag(name: str, tmp_path: Path) -> None:
    settings = load({name: False}, environment={**KEY, OPTIONS[name].variable: "true"}, directory=tmp_path)
    assert getattr(settings, name) is False


@pytest.mark.parametrize("text", ["1", "true", "TRUE", " yes ", "on"])
def test_a_switch_is_on_in_any_usual_spelling(text: str) -> None:
    assert parsers.switch(text) is True


@pytest.mark.parametrize("text", ["0", "false", "False", " no ", "off"])
def test_a_switch_is_off_in_any_usual_spelling(text: str) -> None:
    assert parsers.switch(text) is False


@pytest.mark.parametrize("name", ["schedule", "timezone", "max_runs", "run_now"])
def test_a_flag_of_the_loop_without_the_loop_is_wrong_and_a_variable_is_not(
    name: str, tmp_path: Path
) -> None:
    (problem,) = problems({name: VALUES[name][0]}, KEY, tmp_path)
    assert problem == f"{OPTIONS[name].spelling}: it needs --loop"
    load({}, environment={**KEY, OPTIONS[name].variable: VALUES[name][0]}, directory=tmp_path)


# --- problems -------------------------------------------------------------------------------------------


@every_option
def test_a_wrong_setting_is_told_once_with_its_flag_and_variable(name: str, tmp_path: Path) -> None:
    option = OPTIONS[name]
    credentials = LOGIN if name in {"email", "password"} else KEY
    (problem,) = problems({}, {**credentials, option.variable: WRONG[name]}, tmp_path)
    assert option.flag in problem
    assert option.variable in problem


@every_flag
def test_a_wrong_flag_is_told_with_what_was_given(name: str, tmp_path: Path) -> None:
    (problem,) = problems({name: WRONG[name]}, KEY, tmp_path)
    assert problem.startswith(f"{OPTIONS[name].flag} ({OPTIONS[name].variable}) {WRONG[name]!r}: ")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    environment = {option.variable: WRONG[name] for name, option in OPTIONS.items()}
    told = problems({"env_file": "no-such-file"}, environment, tmp_path)
    for option in (ENV_FILE, *OPTIONS.values()):
        assert sum(option.spelling in problem for problem in told) == 1, option.variable
    assert len(told) == len(OPTIONS) + 1


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"MEDUSA_EMAIL": "me@example.com"}, "MEDUSA_PASSWORD"),
        ({"MEDUSA_PASSWORD": "hush"}, "MEDUSA_EMAIL"),
        ({}, "MEDUSA_API_KEY"),
    ],
    ids=["no-password", "no-email", "nothing"],
)
def test_missing_credentials_are_named(environment: dict[str, str], told: str, tmp_path: Path) -> None:
    (problem,) = problems({}, environment, tmp_path)
    assert problem.startswith(f"{told}: it is not set")


def test_a_dry_run_needs_no_credentials(tmp_path: Path) -> None:
    settings = load({"dry_run": True}, environment={}, directory=tmp_path)
    assert (settings.api_key, settings.email, settings.password) == (None, None, None)


@pytest.mark.parametrize("number", ["1", "1000", " 15 ", "+15"])
def test_a_batch_size_within_bounds_is_taken(number: str, tmp_path: Path) -> None:
    assert load({"batch_size": number}, environment=KEY, directory=tmp_path).batch_size == int(number)


@pytest.mark.parametrize(
    "number", ["0", "1001", "-1", "1.5", "1e2", "1_0", "\u0661\u0665", "9" * 5000, "0x10"]
)
def test_a_batch_size_out_of_bounds_is_wrong(number: str, tmp_path: Path) -> None:
    (problem,) = problems({"batch_size": number}, KEY, tmp_path)
    assert problem.endswith("expected a whole number from 1 to 1000")


# --- secrets --------------------------------------------------------------------------------------------


def test_a_secret_never_shows_itself(tmp_path: Path) -> None:
    settings = load({}, environment={**KEY, **LOGIN}, directory=tmp_path)
    for shown in (repr(settings), str(settings), f"{settings.api_key} {settings.password}"):
        assert "sk_key" not in shown
        assert "hush" not in shown


def test_secrets_are_in_no_message_and_no_traceback(tmp_path: Path) -> None:
    environment = {option.variable: WRONG[name] for name, option in OPTIONS.items()}
    environment |= {"MEDUSA_API_KEY": "sk_key", "MEDUSA_PASSWORD": "hush"}
    with pytest.raises(SettingsError) as caught:
        load({}, environment=environment, directory=tmp_path)
    shown = "".join(traceback.format_exception(caught.value))
    assert "sk_key" not in shown
    assert "hush" not in shown


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
def test_a_secret_in_a_wrong_address_is_not_shown(name: str, url: str, tmp_path: Path) -> None:
    (problem,) = problems({name: url}, KEY, tmp_path)
    assert "hush" not in problem


def test_secrets_have_no_flag() -> None:
    assert all(OPTIONS[name].flag == "" for name in ("api_key", "email", "password"))


# --- .env -----------------------------------------------------------------------------------------------


def test_no_file_in_the_working_directory_is_no_problem(tmp_path: Path) -> None:
    assert load({}, environment=KEY, directory=tmp_path).batch_size == 15


@pytest.mark.parametrize("by_flag", [True, False], ids=["flag", "variable"])
def test_a_named_file_must_exist(by_flag: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    name = str(tmp_path / "missing")
    flags = {"env_file": name if by_flag else None}
    (problem,) = problems(flags, KEY if by_flag else {**KEY, ENV_FILE.variable: name}, tmp_path)
    assert problem == f"{ENV_FILE.flag} ({ENV_FILE.variable}) {name!r}: there is no such file"


@pytest.mark.parametrize("by_flag", [True, False], ids=["flag", "variable"])
def test_a_named_file_takes_the_place_of_the_other(by_flag: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    write_env(tmp_path, SYNC_PRODUCTS_LIMIT="1", SYNC_PRODUCTS_BATCH_SIZE="1")
    named = tmp_path / "named"
    named.write_text("SYNC_PRODUCTS_LIMIT=2\n", encoding="utf-8")
    environment = {**KEY, ENV_FILE.variable: str(tmp_path / "missing" if by_flag else named)}
    settings = load(
        {"env_file": str(named) if by_flag else None}, environment=environment, directory=tmp_path
    )
    assert (settings.limit, settings.batch_size) == (2, 15)


def test_a_file_that_is_no_utf_8_is_told_with_the_rest(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("MEDUSA_PASSWORD=hüsh\n".encode("latin-1"))
    told = problems({"limit": "0"}, KEY, tmp_path)
    assert [problem.split(":")[0] for problem in told] == [
        str(tmp_path / ".env"),
        "--limit (SYNC_PRODUCTS_LIMIT) '0'",
    ]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
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
            "there is no setting SYNC_PRODUCTS_CURENCY; do you mean SYNC_PRODUCTS_CURRENCY?",
        ),
        ("SYNC_PRODUCTS_XYZZY=1", "there is no setting SYNC_PRODUCTS_XYZZY"),
    ],
)
def test_a_line_that_cannot_be_followed_is_told_by_its_number_and_without_its_content(
    line: str, problem: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"# mine\n\n{line}\nSYNC_PRODUCTS_STATUS=draft\n", encoding="utf-8")
    told = problems({"limit": "0"}, KEY, tmp_path)
    assert [f"{tmp_path / '.env'}, line 3: {problem}", "--limit"] == [told[0], told[1].split()[0]]
    assert len(told) == 2


def test_lines_that_are_for_others_are_left_to_them(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MEDUSA_ADMIN_ONBOARDING\nDATABASE_URL=postgres://x\n", encoding="utf-8")
    assert load({}, environment=KEY, directory=tmp_path).limit is None


def test_a_name_that_no_setting_has_is_told(tmp_path: Path) -> None:
    assert problems({"dryrun": True}, KEY, tmp_path) == ["dryrun: there is no such setting"]


def test_the_collector_reads_no_other_case_and_a_report_may_have_any(tmp_path: Path) -> None:
    (problem,) = problems({"metrics_file": "SYNC.PROM", "report": "RUN.JSON"}, KEY, tmp_path)
    assert problem.startswith("--metrics-file")


@pytest.mark.parametrize("name", ["source", "lock_dir", "report", "metrics_file"])
def test_a_path_in_a_file_may_begin_at_home(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/shop")
    write_env(tmp_path, **{OPTIONS[name].variable: f"~/{VALUES[name][0]}"})
    settings = load({}, environment=KEY, directory=tmp_path)
    assert getattr(settings, name) == f"/home/shop/{VALUES[name][0]}"


@pytest.mark.parametrize(
    "line",
    [
        "MEDUSA_PASSWORD=pa$HOME${x}",
        "MEDUSA_PASSWORD='pa$HOME${x}'",
        "\ufeffMEDUSA_PASSWORD=pa$HOME${x}",
        "export MEDUSA_PASSWORD=pa$HOME${x}",
        "# a remark\r\n\r\nMEDUSA_PASSWORD=pa$HOME${x}\r\n",
    ],
    ids=["plain", "quoted", "byte-order-mark", "export", "windows"],
)
def test_a_file_is_read_as_it_is_written(line: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(line.encode())
    settings = load({}, environment={"MEDUSA_EMAIL": "me@example.com"}, directory=tmp_path)
    assert plain(settings, "password") == "pa$HOME${x}"


def test_the_process_has_the_last_word_on_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(tmp_path, **KEY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNC_PRODUCTS_LIMIT", "7")
    assert load({}).limit == 7


# --- addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:9000", "http://localhost:9000"),
        (" https://store.example/ ", "https://store.example"),
        ("https://store.example/backend/", "https://store.example/backend"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://bücher.example", "http://bücher.example"),
    ],
)
def test_the_address_of_a_store_is_taken(text: str, url: str) -> None:
    assert parsers.store_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *(
            "localhost:9000",
            "store.example",
            "ftp://store.example",
            "http://",
            "http:///admin",
            "//store.example",
        ),
        *("http://store.example:0", "http://store.example:99999", "http://store.example:x", "http://[::1"),
        *("http://me:hush@store.example", "http://@store.example", "http://store.example?a=1"),
        *("http://store.example#top", "http://store.example/?", "http://store.example/#"),
        *("http://store.example/app", "http://store.example/admin/", "http://my store.example"),
    ],
)
def test_what_is_no_address_of_a_store_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|must not|leave out"):
        parsers.store_url(text)


@given(st.text(st.sampled_from("aé.-:/[]%x\t\x00\x7f "), max_size=12).map(lambda text: f"http://{text}"))
@example("http://a\x00b")
@example("http://a\tb")
@example("http://é..")
@example("http://xn--a")
@example("http://-é")
@example("http://🍵.example")
@example("http://1.1.1.999")
def test_an_address_that_is_taken_can_be_asked(text: str) -> None:
    try:
        url = parsers.store_url(text)
    except ValueError:
        return
    httpx.Client(base_url=url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False).close()


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://dummyjson.com/products/", "https://dummyjson.com/products"),
        ("https://source.example/products?key=a/", "https://source.example/products?key=a/"),
        (" catalogue.json ", "catalogue.json"),
        ("/var/data/catalogue.json", "/var/data/catalogue.json"),
    ],
)
def test_a_source_is_an_address_or_a_file(text: str, source: str) -> None:
    assert parsers.source(text) == source


@pytest.mark.parametrize(
    "text", ["ftp://source.example", "file:///a.json", "https://", "http://me:hush@a.example"]
)
def test_what_is_no_address_of_a_source_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|must not"):
        parsers.source(text)


# --- the table ------------------------------------------------------------------------------------------


def test_flags_and_variables_are_unique() -> None:
    options = [ENV_FILE, *OPTIONS.values()]
    flags = [option.flag for option in options if option.flag]
    assert len(set(flags)) == len(flags)
    assert len({option.variable for option in options}) == len(options)


@every_option
def test_every_option_says_what_it_means(name: str) -> None:
    assert OPTIONS[name].meaning.endswith(".")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load({}, environment=KEY, directory=tmp_path)
    with pytest.raises(FrozenInstanceError):
        settings.limit = 1  # type: ignore[misc]
