"""Reads settings: flags first, then the environment, .env and defaults. Reports all problems at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from medusa_sync.errors import SettingsError
from medusa_sync.settings.option import Option
from medusa_sync.settings.options import ENV_FILE, OPTIONS, PLANNED, UNDOING, Settings
from medusa_sync.settings.secrets import user_info
from medusa_sync.settings.variables import EnvFile, Found, misspelled, read_env_file

NO_CREDENTIALS = (
    "MEDUSA_API_KEY: it is not set, nor are MEDUSA_EMAIL and MEDUSA_PASSWORD; create a secret API key in the "
    "admin (Settings > Secret API Keys) and set it in the environment or .env, or use --dry-run to check "
    "only the source"
)
_COMPARING = ("exit_code", "save_plan", "apply_plan", "undo")
_CREDENTIALS = frozenset({"api_key", "email", "password", "dry_run", *_COMPARING})
_ALONE = {"apply_plan": ("loop", "save_plan"), "undo": ("loop", "limit", "shard", "product")}
"""Settings with those that have no meaning beside them."""

Flags: TypeAlias = Mapping[str, str | bool | None]


@dataclass(frozen=True)
class Loaded:
    """Settings, where each of them and `env_file` come from, and warnings of misspelled variables."""

    settings: Settings
    found: Mapping[str, Found]
    warnings: tuple[str, ...] = ()


def load_settings(
    flags: Flags, *, environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> Settings:
    """Read and check all settings.

    Args:
        flags: values by the name of the setting, or `env_file`; None for a flag that is not given.
        environment: default: that of the process.
        directory: folder of `.env`; default: the working directory.

    Raises:
        SettingsError: lists all invalid settings.
    """
    return load(flags, environment=environment, directory=directory).settings


def load(
    flags: Flags,
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    needs_credentials: bool = True,
) -> Loaded:
    """Read and check all settings, as `load_settings` does, with their origins.

    Raises:
        SettingsError: lists all invalid settings; missing credentials only if `needs_credentials`.
    """
    environment = os.environ if environment is None else environment
    unknown = sorted(flags.keys() - OPTIONS.keys() - {ENV_FILE.name})
    problems = [f"{name}: this setting does not exist" for name in unknown]
    named = _find(ENV_FILE, flags, environment, EnvFile())
    file = read_env_file(named.text, directory or Path())
    problems += file.problems
    found = {name: _find(option, flags, environment, file) for name, option in OPTIONS.items()}
    values, invalid = _values(found)
    if values.get("undo") and found["on_missing"].kind != "flag":  # only a flag of that command deletes
        found["on_missing"] = Found(OPTIONS["on_missing"].default)
        values.pop("on_missing", None)
    problems += invalid.values()
    if invalid.keys().isdisjoint(_CREDENTIALS):
        problems += _missing_credentials(values, needs_credentials=needs_credentials)
    problems += _without_effect(flags, values, invalid)
    warnings = tuple(misspelled({*file.found, *(name for name, text in environment.items() if text)}))
    settings = Settings(**values)
    problems += contradictions(settings)
    if problems:
        raise SettingsError(problems, warnings)
    found[ENV_FILE.name] = Found(file.path, named.kind, named.name)
    return Loaded(settings, found, warnings)


def valid_settings(flags: Flags) -> Settings:
    """The settings that are valid, and the defaults of the others: to report that some are not."""
    file = read_env_file(_find(ENV_FILE, flags, os.environ, EnvFile()).text, Path())
    values, _ = _values({name: _find(option, flags, os.environ, file) for name, option in OPTIONS.items()})
    return Settings(**values)


def _values(found: Mapping[str, Found]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of settings that have one, and the problems of those that are invalid."""
    values: dict[str, Any] = {}
    invalid: dict[str, str] = {}
    for name, each in found.items():
        if each.kind == "default" or each.text is None:
            continue
        try:
            values[name] = OPTIONS[name].read(each.text)
        except ValueError as error:
            invalid[name] = f"{OPTIONS[name].spelling}{_quoted(OPTIONS[name], each.text)}: {error}"
    return values, invalid


def _without_effect(flags: Flags, values: Mapping[str, Any], invalid: Mapping[str, str]) -> Iterator[str]:
    """Yield the problems of flags that mean nothing beside the other settings."""
    planned = {option.name for option in PLANNED} if values.get("apply_plan") else ()
    undoing = UNDOING if values.get("undo") else ()
    for name, option in OPTIONS.items():
        needs, is_given = OPTIONS.get(option.needs), flags.get(name) is not None
        if is_given and name in planned:
            yield f"{option.spelling}: it has no effect on a saved plan; remove it, or make another plan"
        elif is_given and name in undoing:
            yield f"{option.spelling}: it has no effect with --undo; remove it"
        elif needs and flags.get(name) and invalid.keys().isdisjoint({name, needs.name}):
            value = values.get(needs.name)
            if value is None or value == needs.read(needs.default or ""):
                what = f"it has no effect without {needs.flag}; add {needs.flag} or remove it"
                yield f"{option.spelling}: {what}"


def contradictions(settings: Settings) -> Iterator[str]:
    """Yield the problems of settings that cannot be used together."""
    source, limit, least = settings.source, settings.limit, settings.min_products
    if settings.source_authorization is not None and user_info(source) is not None:
        yield (
            f"{OPTIONS['source_authorization'].spelling}: {OPTIONS['source'].spelling} also has a user name "
            "or password; set only one of them"
        )
    if limit is not None and least is not None and limit < least:
        yield (
            f"{OPTIONS['min_products'].spelling} {least}: {OPTIONS['limit'].spelling} {limit} reads fewer "
            "products; raise the limit or remove one of them"
        )
    if settings.only is not None and settings.only <= (settings.skip or frozenset()):
        only, skip = OPTIONS["only"].spelling, OPTIONS["skip"].spelling
        yield f"{skip}: it leaves out all fields of {only}; remove one of them"
    plan = OPTIONS["save_plan"].spelling
    if settings.save_plan == "-" and settings.json:
        yield f"{plan}: --json prints to standard output, too; name a file"
    for setting, others in _ALONE.items():
        for name in others if getattr(settings, setting) is not None else ():
            if getattr(settings, name):
                spelling = OPTIONS[setting].spelling
                yield f"{spelling}: it cannot be used with {OPTIONS[name].spelling}; remove that"
    if settings.loop and source == "-":
        yield (
            f"{OPTIONS['source'].spelling} '-': standard input can be read only once; name a file or a URL, "
            "or remove --loop"
        )


def _find(option: Option, flags: Flags, environment: Mapping[str, str], file: EnvFile) -> Found:
    """Find the text of a setting. An empty variable counts as not set; an empty flag does not."""
    given = flags.get(option.name)
    if given is not None:
        return Found(str(given), "flag", option.flag)
    if text := environment.get(option.variable):
        return Found(text, "variable", option.variable)
    return file.found.get(option.variable) or Found(option.default)


def _quoted(option: Option, text: str) -> str:
    """Return the value for a message, without the parts that may contain a secret."""
    if not option.flag or option.is_private or "@" in text:
        return ""
    return f" {text.partition('?')[0]!r}"


def _missing_credentials(values: Mapping[str, Any], *, needs_credentials: bool) -> Iterator[str]:
    if "api_key" in values:
        return
    if ("email" in values) != ("password" in values):
        missing = "MEDUSA_EMAIL" if "password" in values else "MEDUSA_PASSWORD"
        yield f"{missing}: it is not set; set both MEDUSA_EMAIL and MEDUSA_PASSWORD"
    elif "email" not in values and needs_credentials:
        if not values.get("dry_run"):
            yield NO_CREDENTIALS
        elif name := next(filter(values.get, _COMPARING), ""):
            # An empty secret in CI must not look like a store without drift.
            yield (
                f"{OPTIONS[name].spelling}: nothing can be compared without credentials; set "
                "MEDUSA_API_KEY, or MEDUSA_EMAIL and MEDUSA_PASSWORD"
            )
