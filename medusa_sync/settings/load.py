"""Flags > environment > .env > defaults; everything that is wrong is told at once."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medusa_sync.errors import SettingsError
from medusa_sync.settings.options import ENV_FILE, OPTIONS, Option, Settings
from medusa_sync.settings.parsers import expanded

NO_CREDENTIALS = (
    "MEDUSA_API_KEY: it is not set, nor are MEDUSA_EMAIL and MEDUSA_PASSWORD; put a secret API key "
    "of the store into the environment or .env, or use --dry-run to check the source alone"
)
_OURS = "SYNC_PRODUCTS_"
_VARIABLES = frozenset({ENV_FILE.variable, *(option.variable for option in OPTIONS.values())})


def load(
    flags: Mapping[str, str | bool | None],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """Read all settings.

    Args:
        flags: by the name of the setting, and `env_file`; None for what the command line does not say.
        environment: the process's own unless given.
        directory: where `.env` is looked for; the working directory unless given.

    Raises:
        SettingsError: with every setting that is wrong.
    """
    environment = os.environ if environment is None else environment
    unknown = flags.keys() - OPTIONS.keys() - {"env_file"}
    problems = [f"{name}: there is no such setting" for name in sorted(unknown)]
    env_file = flags.get("env_file") or environment.get(ENV_FILE.variable)
    written = _read_env_file(str(env_file) if env_file else None, directory or Path(), problems)
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for name, option in OPTIONS.items():
        raw = _raw(flags.get(name), option, environment, written)
        if raw is None:
            continue
        try:
            values[name] = option.read(raw)
        except ValueError as error:
            wrong.add(name)
            problems.append(f"{option.spelling}{_shown(option, raw)}: {error}")
    if wrong.isdisjoint({"api_key", "email", "password", "dry_run"}):
        _check_credentials(values, problems)
    if not values.get("loop") and "loop" not in wrong:
        problems += [
            f"{OPTIONS[name].spelling}: it needs --loop"
            for name in ("schedule", "timezone", "max_runs", "run_now")
            if flags.get(name) and name not in wrong
        ]
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def _raw(
    given: object, option: Option, environment: Mapping[str, str], written: Mapping[str, str]
) -> str | None:
    """An empty variable counts as one that is not set; an empty flag does not."""
    if given is not None:
        return str(given)
    return environment.get(option.variable) or written.get(option.variable) or None


def _shown(option: Option, raw: str) -> str:
    """What was given, unless a secret may be in it."""
    public = raw.partition("?")[0]
    return f" {public!r}" if option.flag and "@" not in public else ""


def _read_env_file(name: str | None, directory: Path, problems: list[str]) -> Mapping[str, str]:
    path = Path(expanded(name)) if name else directory / ".env"
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if name:
            problems.append(f"{ENV_FILE.spelling} {name!r}: there is no such file")
        return {}
    except UnicodeDecodeError:
        problems.append(f"{path}: the file is not UTF-8; save it as UTF-8")
        return {}
    except OSError as error:
        problems.append(f"{path}: the file cannot be read ({error.strerror})")
        return {}
    from dotenv.parser import parse_stream  # `dotenv_values` passes over what it cannot read

    written: dict[str, str] = {}
    for entry in parse_stream(io.StringIO(content)):
        line = entry.original.line + len(entry.original.string) - len(entry.original.string.lstrip("\n"))
        name = entry.key or ""
        if entry.error or (name in _VARIABLES and entry.value is None):
            problems.append(f"{path}, line {line}: expected NAME=value")
        elif name.startswith(_OURS) and name not in _VARIABLES:
            problems.append(f"{path}, line {line}: there is no setting {name}{_meant(name)}")
        elif name and entry.value:
            written[name] = entry.value
    return written


def _meant(name: str) -> str:
    from difflib import get_close_matches

    known = [variable.removeprefix(_OURS) for variable in _VARIABLES]
    close = get_close_matches(name.removeprefix(_OURS), known, n=1)
    return f"; do you mean {_OURS}{close[0]}?" if close else ""


def _check_credentials(values: Mapping[str, Any], problems: list[str]) -> None:
    if "api_key" in values:  # which is all it takes
        return
    if ("email" in values) != ("password" in values):
        missing = "MEDUSA_EMAIL" if "password" in values else "MEDUSA_PASSWORD"
        problems.append(f"{missing}: it is not set; MEDUSA_EMAIL and MEDUSA_PASSWORD go together")
    elif "email" not in values and not values.get("dry_run"):
        problems.append(NO_CREDENTIALS)
