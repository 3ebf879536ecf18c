"""Reads a file of settings: one NAME=value per line."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medusa_sync.settings.options import ENV_FILE
from medusa_sync.settings.origin import Found, Kind, Origin
from medusa_sync.settings.parsers import expanded
from medusa_sync.settings.variables import PREFIX, VARIABLES, did_you_mean


@dataclass(frozen=True)
class EnvFile:
    """What a file of settings contains.

    Attributes:
        path: None if there is no file.
        found: texts by variable, also those of other programs; without empty ones.
        problems: what is wrong with it.
    """

    path: str | None = None
    found: Mapping[str, Found] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_env_file(name: str | None, directory: Path) -> EnvFile:
    """Read a file of settings.

    Args:
        name: its path; without one, it is `.env`, which need not exist.
        directory: folder of `.env`.
    """
    path = Path(expanded(name)) if name else directory / ".env"
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return EnvFile(problems=(f"{ENV_FILE.spelling} {name!r}: the file does not exist",) if name else ())
    except UnicodeDecodeError:
        return EnvFile(problems=(f"{path}: the file is not UTF-8; save it as UTF-8",))
    except OSError as error:
        return EnvFile(problems=(f"{path}: the file cannot be read ({error.strerror})",))
    from dotenv.parser import parse_stream  # `dotenv_values` skips lines that it cannot parse

    found: dict[str, Found] = {}
    problems = []
    for entry in parse_stream(io.StringIO(content)):
        line = entry.original.line + len(entry.original.string) - len(entry.original.string.lstrip("\n"))
        variable = entry.key or ""
        if entry.error or (variable in VARIABLES and entry.value is None):
            problems.append(f"{path}, line {line}: expected NAME=value")
        elif variable.startswith(PREFIX) and variable not in VARIABLES:
            end = did_you_mean(variable)
            problems.append(f"{path}, line {line}: the setting {variable} does not exist{end}")
        elif variable and entry.value:
            found[variable] = Found(entry.value, Origin(Kind.FILE, str(path), line))
    return EnvFile(str(path), found, tuple(problems))
