"""Where each setting comes from, and variables that are probably misspelled."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from medusa_sync.errors import SettingsError
from medusa_sync.settings.load import load
from medusa_sync.settings.options import ENV_FILE, OPTIONS
from medusa_sync.settings.variables import Found
from tests.unit.settings.examples import KEY, LOGIN, VALUES, as_read, every_option, plain, write_env

OF_MEDUSA = [
    "MEDUSA_ADMIN_BACKEND_URL",
    "MEDUSA_ADMIN_EMAIL",
    "MEDUSA_ADMIN_ONBOARDING_TYPE",
    "MEDUSA_BACKEND_PORT",
    "MEDUSA_CLOUD_API_KEY",
    "MEDUSA_CLOUD_EMAILS_ENDPOINT",
    "MEDUSA_FF_INDEX_ENGINE",
    "MEDUSA_FF_RBAC",
    "MEDUSA_PUBLISHABLE_KEY",
    "MEDUSA_TELEMETRY_DISABLED",
    "MEDUSA_WORKER_MODE",
]


def warnings(tmp_path: Path, **environment: str) -> tuple[str, ...]:
    return load({}, environment={**KEY, **environment}, directory=tmp_path).warnings


@every_option
def test_a_flag_overrides_the_environment_which_overrides_the_file_and_the_origin_says_so(
    name: str, tmp_path: Path
) -> None:
    option = OPTIONS[name]
    flag, variable, written = VALUES[name]

    def check(kind: str, text: str, origin: str, flags: Mapping[str, str], **environment: str) -> None:
        loaded = load(flags, environment=environment, directory=tmp_path)
        assert (loaded.found[name].text, loaded.found[name].kind) == (text, kind)
        assert loaded.found[name].origin == origin
        assert plain(loaded.settings, name) == as_read(name, text)

    key = KEY if name not in {"api_key", "email", "password"} else {}
    loaded = load({}, environment=key, directory=tmp_path, needs_credentials=False)
    assert loaded.found[name] == Found(option.default)
    (tmp_path / ".env").write_text(
        f"# a comment\n\n{option.variable}={written!r}\nMEDUSA_EMAIL=me@example.com\nMEDUSA_PASSWORD=hush\n",
        encoding="utf-8",
    )
    line = {"email": 4, "password": 5}.get(name, 3)
    in_file = {"email": "me@example.com", "password": "hush"}.get(name, written)
    check("file", in_file, f"file {tmp_path / '.env'}, line {line}", {}, **key)
    environment = {**LOGIN, option.variable: variable}
    check("variable", variable, f"variable {option.variable}", {}, **environment)
    if option.flag:
        loop = {"loop": "true"} if option.needs_loop else {}
        check("flag", flag, "flag", {**loop, name: flag}, **environment)


def test_the_last_line_of_a_file_counts(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "SYNC_PRODUCTS_LIMIT=1\nSYNC_PRODUCTS_LIMIT=2\nSYNC_PRODUCTS_LIMIT=\n", encoding="utf-8"
    )
    loaded = load({}, environment=KEY, directory=tmp_path)
    assert loaded.settings.limit == 2
    assert loaded.found["limit"] == Found("2", "file", str(tmp_path / ".env"), 2)


def test_the_file_of_settings_has_an_origin_too(tmp_path: Path) -> None:
    assert load({}, environment=KEY, directory=tmp_path).found["env_file"] == Found(None)
    write_env(tmp_path)
    path = str(tmp_path / ".env")
    assert load({}, environment=KEY, directory=tmp_path).found["env_file"] == Found(path)
    loaded = load({}, environment={**KEY, ENV_FILE.variable: path}, directory=tmp_path)
    assert loaded.found["env_file"] == Found(path, "variable", ENV_FILE.variable)
    loaded = load({"env_file": path}, environment=KEY, directory=tmp_path)
    assert loaded.found["env_file"] == Found(path, "flag", "--env-file")


def test_settings_can_be_loaded_without_credentials_but_not_with_half_of_them(tmp_path: Path) -> None:
    assert load({}, environment={}, directory=tmp_path, needs_credentials=False).settings.api_key is None
    with pytest.raises(SettingsError, match="MEDUSA_PASSWORD: it is not set"):
        load({}, environment={"MEDUSA_EMAIL": "me"}, directory=tmp_path, needs_credentials=False)


# --- misspelled variables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SYNC_PRODUCTS_CURENCY", "SYNC_PRODUCTS_CURRENCY"),
        ("SYNC_PRODUCTS_ON_CONFLICTS", "SYNC_PRODUCTS_ON_CONFLICT"),
        ("SYNC_PRODUCTS_MEDUSA_URL", "MEDUSA_BACKEND_URL"),
        ("SYNC_PRODUCTS_API_KEY", "MEDUSA_API_KEY"),
        ("MEDUSA_APIKEY", "MEDUSA_API_KEY"),
        ("MEDUSA_BACKEND_URI", "MEDUSA_BACKEND_URL"),
        ("MEDUSA_EMIAL", "MEDUSA_EMAIL"),
        ("MEDUSA_PASSWRD", "MEDUSA_PASSWORD"),
    ],
)
def test_a_misspelled_variable_gives_a_warning_with_the_nearest_name(
    name: str, nearest: str, tmp_path: Path
) -> None:
    environment = {name: "1"}
    key = {} if nearest == "MEDUSA_API_KEY" else KEY
    loaded = load({"dry_run": True}, environment={**key, **environment}, directory=tmp_path)
    assert loaded.warnings == (f"the variable {name} is not a setting; did you mean {nearest}?",)


def test_a_variable_that_is_like_no_setting_gives_a_warning_without_a_name(tmp_path: Path) -> None:
    assert warnings(tmp_path, SYNC_PRODUCTS_XYZZY="1") == (
        "the variable SYNC_PRODUCTS_XYZZY is not a setting",
    )


def test_a_variable_of_medusa_gives_no_warning(tmp_path: Path) -> None:
    assert warnings(tmp_path, **dict.fromkeys(OF_MEDUSA, "1")) == ()


def test_no_setting_gives_a_warning(tmp_path: Path) -> None:
    environment = {option.variable: VALUES[name][0] for name, option in OPTIONS.items()}
    write_env(tmp_path)
    environment[ENV_FILE.variable] = str(tmp_path / ".env")
    assert load({}, environment=environment, directory=tmp_path).warnings == ()


def test_a_variable_that_is_empty_or_whose_setting_is_set_gives_no_warning(tmp_path: Path) -> None:
    assert warnings(tmp_path, SYNC_PRODUCTS_CURENCY="", MEDUSA_BACKEND_URI="") == ()
    assert warnings(tmp_path, MEDUSA_API_KEY_2="sk_other") == ()


def test_a_file_can_have_variables_of_medusa_and_misspelled_ones_of_ours_are_named(tmp_path: Path) -> None:
    write_env(tmp_path, MEDUSA_WORKER_MODE="shared", MEDUSA_BACKEND_URI="http://store.example")
    assert warnings(tmp_path) == (
        "the variable MEDUSA_BACKEND_URI is not a setting; did you mean MEDUSA_BACKEND_URL?",
    )


def test_an_error_names_the_misspelled_variable_that_may_be_its_reason(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, environment={"MEDUSA_APIKEY": "sk_hush"}, directory=tmp_path)
    assert "note: the variable MEDUSA_APIKEY is not a setting; did you mean MEDUSA_API_KEY?" in str(
        caught.value
    )
    assert len(caught.value.problems) == 1
    assert "hush" not in str(caught.value)
