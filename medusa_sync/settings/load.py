"""Reads settings: flags first, then the environment, .env and defaults. Reports all problems at once."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medusa_sync.errors import SettingsError
from medusa_sync.settings.checks import contradictions
from medusa_sync.settings.options import ENV_FILE, OPTIONS, Option, Settings
from medusa_sync.settings.parsers import expanded

NO_CREDENTIALS = (
    "MEDUSA_API_KEY: it is not set, nor are MEDUSA_EMAIL and MEDUSA_PASSWORD; set a secret API key of the "
    "store in the environment or .env, or use --dry-run to check only the source"
)
_PREFIX = "SYNC_PRODUCTS_"
_VARIABLES = frozenset({ENV_FILE.variable, *(option.variable for option in OPTIONS.values())})


def load_settings(
    flags: Mapping[str, str | bool | None],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """Read and check all settings.

    Args:
        flags: values by the name of the setting, or `env_file`; None for a flag that is not given.
        environment: default: that of the process.
        directory: folder of `.env`; default: the working directory.

    Raises:
        SettingsError: lists all invalid settings.
    """
    environment = os.environ if environment is None else environment
    unknown = flags.keys() - OPTIONS.keys() - {ENV_FILE.name}
    problems = [f"{name}: this setting does not exist" for name in sorted(unknown)]
    env_file = flags.get(ENV_FILE.name) or environment.get(ENV_FILE.variable)
    written = _read_env_file(str(env_file) if env_file else None, directory or Path(), problems)
    values: dict[str, Any] = {}
    invalid: set[str] = set()
    for name, option in OPTIONS.items():
        raw = _raw(flags.get(name), option, environment, written)
        if raw is None:
            continue
        try:
            values[name] = option.read(raw)
        except ValueError as error:
            invalid.add(name)
            problems.append(f"{option.spelling}{_shown(option, raw)}: {error}")
    if invalid.isdisjoint({"api_key", "email", "password", "dry_run"}):
        _check_credentials(values, problems)
    if not values.get("loop") and "loop" not in invalid:
        problems += [
            f"{option.spelling}: it has no effect without --loop; add --loop or remove it"
            for name, option in OPTIONS.items()
            if option.needs_loop and flags.get(name) and name not in invalid
        ]
    settings = Settings(**values)
    problems += contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _raw(
    given: object, option: Option, environment: Mapping[str, str], written: Mapping[str, str]
) -> str | None:
    """Return the text of a setting. An empty variable counts as not set; an empty flag does not."""
    if given is not None:
        return str(given)
    return environment.get(option.variable) or written.get(option.variable) or None


def _shown(option: Option, raw: str) -> str:
    """Return the value for a message, without the parts that may contain a secret."""
    public = raw.partition("?")[0]
    return f" {public!r}" if option.flag and "@" not in raw else ""


def _read_env_file(name: str | None, directory: Path, problems: list[str]) -> Mapping[str, str]:
    path = Path(expanded(name)) if name else directory / ".env"
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if name:
            problems.append(f"{ENV_FILE.spelling} {name!r}: the file does not exist")
        return {}
    except UnicodeDecodeError:
        problems.append(f"{path}: the file is not UTF-8; save it as UTF-8")
        return {}
    except OSError as error:
        problems.append(f"{path}: the file cannot be read ({error.strerror})")
        return {}
    from dotenv.parser import parse_stream  # `dotenv_values` skips lines that it cannot parse

    written: dict[str, str] = {}
    for entry in parse_stream(io.StringIO(content)):
        line = entry.original.line + len(entry.original.string) - len(entry.original.string.lstrip("\n"))
        name = entry.key or ""
        if entry.error or (name in _VARIABLES and entry.value is None):
            problems.append(f"{path}, line {line}: expected NAME=value")
        elif name.startswith(_PREFIX) and name not in _VARIABLES:
            problems.append(f"{path}, line {line}: the setting {name} does not exist{_suggestion(name)}")
        elif name and entry.value:
            written[name] = entry.value
    return written


def _suggestion(name: str) -> str:
    from difflib import get_close_matches

    known = [variable.removeprefix(_PREFIX) for variable in _VARIABLES]
    close = get_close_matches(name.removeprefix(_PREFIX), known, n=1)
    return f"; did you mean {_PREFIX}{close[0]}?" if close else ""


def _check_credentials(values: Mapping[str, Any], problems: list[str]) -> None:
    if "api_key" in values:
        return
    if ("email" in values) != ("password" in values):
        missing = "MEDUSA_EMAIL" if "password" in values else "MEDUSA_PASSWORD"
        problems.append(f"{missing}: it is not set; set both MEDUSA_EMAIL and MEDUSA_PASSWORD")
    elif "email" not in values and not values.get("dry_run"):
        problems.append(NO_CREDENTIALS)
