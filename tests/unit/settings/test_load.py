"""Settings from flags, the environment, .env and defaults; all problems are reported at once."""

import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import medusa_sync
from medusa_sync.errors import SettingsError
from medusa_sync.settings.load import load, load_settings
from medusa_sync.settings.option import GROUPS, Option
from medusa_sync.settings.options import ALL_OPTIONS, ENV_FILE, GUARDING, OPTIONS, PLANNED, UNDOING
from medusa_sync.settings.variables import Found
from tests.unit.settings.examples import INVALID, KEY, LOGIN, VALUES, as_read, plain, write_env

TOKEN = {"SYNC_PRODUCTS_SOURCE_AUTHORIZATION": "Bearer hush"}


def problems(flags: Mapping[str, Any], environment: Mapping[str, str], directory: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, environment=environment, directory=directory)
    assert caught.value.exit_code == 2
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    assert "hush" not in "".join(traceback.format_exception(caught.value))
    return caught.value.problems


def needed(option: Option) -> dict[str, str]:
    """The flag without which that of an option has no effect."""
    needs = OPTIONS.get(option.needs)
    return {needs.name: "true" if needs.is_switch else "draft"} if needs else {}


# --- each option ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
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
        assert loaded.warnings == ()

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
    check("file", in_file, f"file {tmp_path / '.env'}, line {line}", {}, **key, **{option.variable: ""})
    environment = {**LOGIN, option.variable: variable}
    check("variable", variable, f"variable {option.variable}", {}, **environment)
    if option.flag:
        check("flag", flag, "flag", {**needed(option), name: flag}, **environment)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    environment = {option.variable: INVALID[name] for name, option in OPTIONS.items()}
    reported = problems({"env_file": "no-such-file"}, environment, tmp_path)
    assert len(reported) == len(OPTIONS) + 1
    for option in (ENV_FILE, *OPTIONS.values()):
        [problem] = [each for each in reported if option.spelling in each]
        if option.flag and not option.is_private:  # these are shown with their values
            text = INVALID.get(option.name, "no-such-file")
            assert problem.startswith(f"{option.flag} ({option.variable}) {text!r}: ")


def test_the_table_of_options_is_complete() -> None:
    """`--help` has a limit of lines; the pages add `more`."""
    for names in ([each.flag for each in ALL_OPTIONS if each.flag], [each.variable for each in ALL_OPTIONS]):
        assert len(set(names)) == len(names)
    for option in ALL_OPTIONS:
        assert option.group in GROUPS
        assert option.help.endswith(".")
        assert len(option.help) <= 96
        assert option.more == "" or option.more.endswith(".")
        assert not (option.is_secret and option.flag)


def test_every_flag_variable_and_value_of_earlier_versions_exists() -> None:
    lines = (Path(__file__).parent / "earlier.txt").read_text(encoding="utf-8").splitlines()
    spelled = {(each.flag or "-", each.variable or "-"): each for each in ALL_OPTIONS}
    for flag, variable, *values in map(str.split, lines):
        for value in values:
            spelled[flag, variable].read(value.replace("_", " "))


def test_messages_name_existing_flags_with_their_variables() -> None:
    """Messages spell flags by hand: most modules may not import the settings."""
    package = Path(medusa_sync.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py")))
    code = re.sub(r'"\s+f?"', "", code)  # joins the parts of a text
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", code))
    flags = {flag for option in ALL_OPTIONS for flag in (option.flag, option.opposite)}
    assert named - {"--help", "--help-all", "--version", "--no-"} <= flags
    pairs = re.findall(r"--[a-z-]+ \([A-Z_]+\)", code)
    assert len(pairs) > 10
    assert set(pairs) <= {option.spelling for option in OPTIONS.values()}


# --- one problem ----------------------------------------------------------------------------------------

WRONG_URLS = {
    "medusa_url": ["http://me:hush@a.example", "http://hush@a.example", "htps://a.example/?token=hush"],
    "source": [
        *("htps://a.example/?token=hush", "https://a.example:x/?token=hush", "htps://me:hush@a.example"),
        *("https://me:hush?!@a.example", "https://me:hush/!@a.example"),
    ],
    "ping_url": ["hc-ping.com/hush", "htps://hc-ping.com/hush", "https://me:x@hc-ping.com/hush"],
}


@pytest.mark.parametrize(
    ("flags", "environment", "problem"),
    [
        ({"dryrun": True}, KEY, "dryrun: this setting does not exist"),
        ({"currency": ""}, {**KEY, "SYNC_PRODUCTS_CURRENCY": "eur"}, "--currency (SYNC_PRODUCTS_CURRENCY)"),
        ({}, {"MEDUSA_EMAIL": "me@example.com"}, "MEDUSA_PASSWORD: it is not set"),
        ({}, {"MEDUSA_PASSWORD": "hush"}, "MEDUSA_EMAIL: it is not set"),
        ({"dry_run": "true"}, {"MEDUSA_EMAIL": "me"}, "MEDUSA_PASSWORD: it is not set"),
        ({}, {}, "MEDUSA_API_KEY: it is not set"),
        *(
            ({name: VALUES[name][0]}, KEY, f"{OPTIONS[name].spelling}: it has no effect without --loop; add")
            for name in ("schedule", "run_now")
        ),
        (
            {"remove_after": "7d", "on_missing": "keep"},
            {**KEY, "SYNC_PRODUCTS_REMOVE_AFTER": "1d"},
            "--remove-after (SYNC_PRODUCTS_REMOVE_AFTER): it has no effect without --on-missing; add",
        ),
        ({"source": "-"}, {**KEY, "SYNC_PRODUCTS_LOOP": "true"}, "--source (SYNC_PRODUCTS_SOURCE) '-': "),
        (
            {"limit": "2", "min_products": "3"},
            KEY,
            "--min-products (SYNC_PRODUCTS_MIN_PRODUCTS) 3: --limit (SYNC_PRODUCTS_LIMIT) 2 reads fewer ",
        ),
        ({"only": "price", "skip": "stock,price"}, KEY, "--skip (SYNC_PRODUCTS_SKIP): it leaves out all"),
        *(
            (
                {"source": f"https://{user_info}@source.example/products"},
                {**KEY, **TOKEN},
                "SYNC_PRODUCTS_SOURCE_AUTHORIZATION: --source (SYNC_PRODUCTS_SOURCE) also has a",
            )
            for user_info in ("me:hush", "hush", ":hush", "me:")
        ),
        *(({name: url}, KEY, OPTIONS[name].spelling) for name, urls in WRONG_URLS.items() for url in urls),
    ],
)
def test_a_problem_is_named_without_secrets(
    flags: dict[str, Any], environment: dict[str, str], problem: str, tmp_path: Path
) -> None:
    [found] = problems(flags, environment, tmp_path)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        ({"dry_run": True}, {}),
        ({"dry_run": False}, {**KEY, "SYNC_PRODUCTS_DRY_RUN": "true"}),
        ({}, {**KEY, "SYNC_PRODUCTS_RUN_NOW": "true", "SYNC_PRODUCTS_SCHEDULE": "@hourly"}),
        ({"source": "-"}, KEY),
        ({"limit": "3", "min_products": "3"}, KEY),
        ({"limit": "2", "min_products": "0"}, {**KEY, "SYNC_PRODUCTS_MIN_PRODUCTS": "3"}),
        ({"only": "price,stock", "skip": "price"}, KEY),
        *(
            ({"source": source}, {**KEY, **TOKEN})
            for source in ("https://@source.example/products", "a@b.json", "sample")
        ),
    ],
)
def test_what_looks_like_a_contradiction_is_valid(
    flags: dict[str, Any], environment: dict[str, str], tmp_path: Path
) -> None:
    settings = load_settings(flags, environment=environment, directory=tmp_path)
    assert all(plain(settings, name) == as_read(name, str(value)) for name, value in flags.items())


# --- .env -----------------------------------------------------------------------------------------------


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
def test_an_invalid_line_is_reported_by_number_without_its_content(
    line: str, problem: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"# a comment\n\n{line}\nSYNC_PRODUCTS_STATUS=draft\n", encoding="utf-8")
    in_file, in_flag = problems({"limit": "0"}, KEY, tmp_path)
    assert in_file == f"{tmp_path / '.env'}, line 3: {problem}"
    assert in_flag.startswith("--limit")


@pytest.mark.parametrize("by_flag", [True, False], ids=["flag", "variable"])
def test_a_named_file_replaces_the_default_one_and_must_be_readable(*, by_flag: bool, tmp_path: Path) -> None:
    write_env(tmp_path, SYNC_PRODUCTS_LIMIT="1", SYNC_PRODUCTS_BATCH_SIZE="1")
    named, missing, other = (tmp_path / name for name in ("named", "missing", "latin-1"))
    named.write_text("SYNC_PRODUCTS_LIMIT=2\n", encoding="utf-8")
    other.write_bytes("MEDUSA_PASSWORD=hüsh\n".encode("latin-1"))

    def arguments(path: Path) -> tuple[dict[str, str | None], dict[str, str]]:
        in_environment = {**KEY, ENV_FILE.variable: str(missing if by_flag else path)}
        return {"env_file": str(path) if by_flag else None}, in_environment

    flags, environment = arguments(named)
    loaded = load(flags, environment=environment, directory=tmp_path)
    assert (loaded.settings.limit, loaded.settings.batch_size) == (2, 50)
    by_variable = Found(str(named), "variable", ENV_FILE.variable)
    assert loaded.found["env_file"] == (Found(str(named), "flag", "--env-file") if by_flag else by_variable)
    for path, problem in {
        missing: f"{ENV_FILE.spelling} {str(missing)!r}: the file does not exist",
        other: f"{other}: the file is not UTF-8; save it as UTF-8",
        tmp_path: f"{tmp_path}: the file cannot be read (Is a directory)",
    }.items():
        assert problems(*arguments(path), tmp_path) == [problem]


@pytest.mark.parametrize(
    "line",
    [
        "MEDUSA_PASSWORD=pa$HOME${x}",
        "MEDUSA_PASSWORD='pa$HOME${x}'",
        "\ufeffMEDUSA_PASSWORD=pa$HOME${x}",
        "export MEDUSA_PASSWORD=pa$HOME${x}",
        "# a comment\r\n\r\nMEDUSA_PASSWORD=pa$HOME${x}\r\n",
        "MEDUSA_PASSWORD=earlier\nMEDUSA_PASSWORD=pa$HOME${x}\nMEDUSA_PASSWORD=\n",
        "MEDUSA_ADMIN_ONBOARDING\nDATABASE_URL=postgres://x\nMEDUSA_PASSWORD=pa$HOME${x}",
    ],
    ids=["plain", "quoted", "byte-order-mark", "export", "windows", "twice", "of other programs"],
)
def test_values_of_a_file_are_literal(line: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(line.encode())
    settings = load_settings({}, environment={"MEDUSA_EMAIL": "me@example.com"}, directory=tmp_path)
    assert plain(settings, "password") == "pa$HOME${x}"


def test_a_path_may_start_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment and the working directory of the process are the defaults."""
    paths = {name: VALUES[name][0] for name in ("source", "lock_dir", "report", "metrics_file")}
    monkeypatch.setenv("HOME", "/home/shop")
    write_env(tmp_path, **KEY, **{OPTIONS[name].variable: f"~/{path}" for name, path in paths.items()})
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert all(getattr(settings, name) == f"/home/shop/{path}" for name, path in paths.items())


# --- misspelled variables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SYNC_PRODUCTS_CURENCY", "SYNC_PRODUCTS_CURRENCY"),
        ("SYNC_PRODUCTS_ON_CONFLICTS", "SYNC_PRODUCTS_ON_CONFLICT"),
        ("SYNC_PRODUCTS_MEDUSA_URL", "MEDUSA_BACKEND_URL"),
        ("SYNC_PRODUCTS_API_KEY", "MEDUSA_API_KEY"),
        ("SYNC_PRODUCTS_XYZZY", ""),
        ("MEDUSA_APIKEY", "MEDUSA_API_KEY"),
        ("MEDUSA_BACKEND_URI", "MEDUSA_BACKEND_URL"),
        ("MEDUSA_EMIAL", "MEDUSA_EMAIL"),
        ("MEDUSA_PASSWRD", "MEDUSA_PASSWORD"),
        ("SYNC_PRODUCT_SOURCE", "SYNC_PRODUCTS_SOURCE"),
        ("sync_products_curency", "SYNC_PRODUCTS_CURRENCY"),
        ("SYNC-PRODUCTS-SOURCE", "SYNC_PRODUCTS_SOURCE"),
        ("SYNCPRODUCTS_DRY_RUN", "SYNC_PRODUCTS_DRY_RUN"),
    ],
)
def test_a_misspelled_variable_gives_a_warning_with_the_nearest_name(
    name: str, nearest: str, tmp_path: Path
) -> None:
    warning = f"the variable {name} is not a setting" + (f"; did you mean {nearest}?" if nearest else "")
    with pytest.raises(SettingsError) as caught:
        load({}, environment={name: "hush"}, directory=tmp_path)
    assert f"note: {warning}" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert load({"dry_run": True}, environment={name: "hush"}, directory=tmp_path).warnings == (warning,)
    if not name.startswith("SYNC_PRODUCTS_"):  # in a file, others are errors
        write_env(tmp_path, **{name: "hush"})
        assert load({"dry_run": True}, environment={}, directory=tmp_path).warnings == (warning,)


def test_a_variable_of_medusa_or_an_empty_one_gives_no_warning(tmp_path: Path) -> None:
    of_medusa = (
        "ADMIN_BACKEND_URL ADMIN_EMAIL ADMIN_ONBOARDING_TYPE BACKEND_PORT CLOUD_API_KEY CLOUD_EMAILS "
        "FF_INDEX_ENGINE FF_RBAC PUBLISHABLE_KEY TELEMETRY_DISABLED WORKER_MODE API_KEY_2"
    )
    environment = {f"MEDUSA_{name}": "1" for name in of_medusa.split()}
    environment |= {
        **KEY,
        "SYNC_PRODUCTS_CURENCY": "",
        "MEDUSA_BACKEND_URI": "",
        "SYNC_URL": "1",
        "SYNCTHING": "1",
    }
    assert load({}, environment=environment, directory=tmp_path).warnings == ()


# --- saved plans ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", PLANNED, ids=lambda option: option.name)
def test_a_plan_decides_what_is_written(option: Option, tmp_path: Path) -> None:
    """It has the settings that matter, and their flags are refused beside it, but not their variables."""
    text = VALUES[option.name][1]
    settings = load_settings({**needed(option), option.name: text}, environment=KEY, directory=tmp_path)
    planned = settings.of_plan()
    if option.name not in GUARDING and plain(settings, option.name) is not None:
        assert option.read(planned[option.name]) == plain(settings, option.name)
    environment = {option.variable: text, "SYNC_PRODUCTS_APPLY_PLAN": "plan", **KEY}
    load_settings({}, environment=environment, directory=tmp_path)
    [problem] = problems({option.name: text, "apply_plan": "plan"}, KEY, tmp_path)
    assert problem.startswith(f"{option.spelling}: it has no effect on a saved plan")


def test_a_plan_has_no_secrets(tmp_path: Path) -> None:
    environment = {option.variable: VALUES[option.name][0] for option in OPTIONS.values() if option.is_secret}
    environment["SYNC_PRODUCTS_SOURCE"] = "https://shop.example/?key=hush"
    settings = load_settings({"dry_run": "true"}, environment=environment, directory=tmp_path)
    assert not {"hush", *environment.values()}.intersection(settings.of_plan().values())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"save_plan": "plan"}, "it has no effect without --dry-run"),
        ({"save_plan": "plan", "apply_plan": "plan", "dry_run": "true"}, "cannot be used with --save-plan"),
        ({"apply_plan": "plan", "loop": "true"}, "cannot be used with --loop"),
        ({"save_plan": "-", "dry_run": "true", "json": "true"}, "--json prints to standard output"),
        *(({"undo": "run.json", name: VALUES[name][0]}, "it has no effect with --undo") for name in UNDOING),
        ({"undo": "run.json", "loop": "true"}, "it cannot be used with --loop"),
    ],
)
def test_settings_that_contradict_a_plan_are_refused(
    flags: dict[str, str], words: str, tmp_path: Path
) -> None:
    [problem] = problems(flags, KEY, tmp_path)
    assert words in problem


@pytest.mark.parametrize("name", ["save_plan", "apply_plan", "undo"])
def test_a_plan_and_an_undo_need_a_store(name: str, tmp_path: Path) -> None:
    [problem] = problems({name: "run.json", "dry_run": "true"}, {}, tmp_path)
    assert "nothing can be compared without credentials" in problem
