"""Settings from flags, environment, .env and defaults; all problems are reported at once."""

import traceback
from pathlib import Path

import pytest

from medusa_sync.errors import SettingsError
from medusa_sync.settings.load import load_settings
from medusa_sync.settings.options import ENV_FILE, OPTIONS
from tests.unit.settings.examples import (
    INVALID,
    KEY,
    LOGIN,
    VALUES,
    as_read,
    plain,
    problems,
    write_env,
)

AUTHORIZATION = "SYNC_PRODUCTS_SOURCE_AUTHORIZATION"

# Options of one kind are read in the same way.
of_each_kind = pytest.mark.parametrize(
    "name", {option.metavar: name for name, option in OPTIONS.items()}.values()
)
flag_of_each_kind = pytest.mark.parametrize(
    "name", {option.metavar: name for name, option in OPTIONS.items() if option.flag}.values()
)

# --- precedence -----------------------------------------------------------------------------------------


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


@of_each_kind
def test_empty_variable_counts_as_not_set(name: str, tmp_path: Path) -> None:
    variable = OPTIONS[name].variable
    write_env(tmp_path, **{**KEY, **LOGIN, variable: VALUES[name][0]})
    settings = load_settings({}, environment={variable: ""}, directory=tmp_path)
    assert plain(settings, name) == as_read(name, VALUES[name][0])


def test_empty_flag_is_invalid(tmp_path: Path) -> None:
    name = "currency"
    (problem,) = problems({name: ""}, {**KEY, OPTIONS[name].variable: VALUES[name][0]}, tmp_path)
    assert problem.startswith(OPTIONS[name].flag)


def test_flag_turns_a_switch_off(tmp_path: Path) -> None:
    name = "dry_run"
    settings = load_settings(
        {name: False}, environment={**KEY, OPTIONS[name].variable: "true"}, directory=tmp_path
    )
    assert getattr(settings, name) is False


@pytest.mark.parametrize("name", ["schedule", "run_now"])
def test_loop_flags_need_the_loop_but_variables_do_not(name: str, tmp_path: Path) -> None:
    (problem,) = problems({name: VALUES[name][0]}, KEY, tmp_path)
    assert problem == f"{OPTIONS[name].spelling}: it has no effect without --loop; add --loop or remove it"
    load_settings({}, environment={**KEY, OPTIONS[name].variable: VALUES[name][0]}, directory=tmp_path)


@pytest.mark.parametrize("loop", ["true", "false"])
def test_standard_input_cannot_be_read_in_a_loop(loop: str, tmp_path: Path) -> None:
    environment = {**KEY, "SYNC_PRODUCTS_LOOP": loop}
    if loop == "false":
        assert load_settings({"source": "-"}, environment=environment, directory=tmp_path).source == "-"
        return
    (problem,) = problems({"source": "-"}, environment, tmp_path)
    assert problem.startswith("--source (SYNC_PRODUCTS_SOURCE) '-': ")


# --- problems -------------------------------------------------------------------------------------------


@flag_of_each_kind
def test_invalid_flag_is_reported_with_its_value(name: str, tmp_path: Path) -> None:
    (problem,) = problems({name: INVALID[name]}, KEY, tmp_path)
    shown = "" if OPTIONS[name].is_private else f" {INVALID[name]!r}"
    assert problem.startswith(f"{OPTIONS[name].flag} ({OPTIONS[name].variable}){shown}: ")


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
    environment = {
        **KEY,
        **LOGIN,
        "SYNC_PRODUCTS_SOURCE": "https://me:hush@source.example",
        "SYNC_PRODUCTS_PING_URL": "https://hc.example/hush",
    }
    settings = load_settings({}, environment=environment, directory=tmp_path)
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
    ("name", "url"),
    [
        ("medusa_url", "http://me:hush@store.example"),
        ("medusa_url", "http://hush@store.example"),
        ("medusa_url", "htps://store.example/?token=hush"),
        ("source", "htps://source.example/?token=hush"),
        ("source", "https://source.example:x/?token=hush"),
        ("source", "htps://me:hush@source.example"),
        ("source", "https://me:hush?!@source.example"),
        ("source", "https://me:hush/!@source.example"),
        ("ping_url", "hc-ping.com/hush"),
        ("ping_url", "htps://hc-ping.com/hush"),
        ("ping_url", "https://me:x@hc-ping.com/hush"),
    ],
)
def test_invalid_url_is_reported_without_its_secret(name: str, url: str, tmp_path: Path) -> None:
    (problem,) = problems({name: url}, KEY, tmp_path)
    assert "hush" not in problem


def test_secrets_have_no_flag() -> None:
    assert all(OPTIONS[name].flag == "" for name in ("api_key", "email", "password", "source_authorization"))


# --- settings that contradict each other ----------------------------------------------------------------


@pytest.mark.parametrize("user_info", ["me:hush", "hush", ":hush", "me:"])
def test_source_is_authorized_in_one_way(user_info: str, tmp_path: Path) -> None:
    source = f"https://{user_info}@source.example/products"
    (problem,) = problems({"source": source}, {**KEY, AUTHORIZATION: "Bearer hush"}, tmp_path)
    assert problem.startswith(
        "SYNC_PRODUCTS_SOURCE_AUTHORIZATION: --source (SYNC_PRODUCTS_SOURCE) also has a"
    )
    assert "hush" not in problem


@pytest.mark.parametrize("source", ["https://@source.example/products", "a@b.json", "sample"])
def test_source_without_a_user_may_have_an_authorization(source: str, tmp_path: Path) -> None:
    environment = {**KEY, AUTHORIZATION: "Bearer hush"}
    assert load_settings({"source": source}, environment=environment, directory=tmp_path).source == source


@pytest.mark.parametrize(("limit", "is_valid"), [("2", False), ("3", True), ("4", True)])
def test_limit_is_not_below_the_least_number_of_products(
    limit: str,
    is_valid: bool,  # noqa: FBT001 - a parameter
    tmp_path: Path,
) -> None:
    flags = {"limit": limit, "min_products": "3"}
    if is_valid:
        load_settings(flags, environment=KEY, directory=tmp_path)
        return
    (problem,) = problems(flags, KEY, tmp_path)
    assert problem == (
        "--min-products (SYNC_PRODUCTS_MIN_PRODUCTS) 3: --limit (SYNC_PRODUCTS_LIMIT) 2 reads fewer "
        "products; raise the limit or remove one of them"
    )


def test_only_and_skip_must_leave_a_field(tmp_path: Path) -> None:
    (problem,) = problems({"only": "price", "skip": "stock,price"}, KEY, tmp_path)
    assert problem.startswith("--skip (SYNC_PRODUCTS_SKIP): it leaves out all fields of --only")
    load_settings({"only": "price,stock", "skip": "price"}, environment=KEY, directory=tmp_path)
