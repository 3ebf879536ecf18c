"""Settings in variables: of the environment, and of a file with one NAME=value per line."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from medusa_sync.settings.options import ALL_OPTIONS, ENV_FILE
from medusa_sync.settings.parsers import expanded

_PREFIX, _START, _OF_MEDUSA = "SYNC_PRODUCTS_", "SYNC", "MEDUSA_"
_VARIABLES = frozenset(option.variable for option in ALL_OPTIONS if option.variable)
# Those that are not named by the rule are also found by the name that the rule would give them.
_SPELLINGS = {
    **{f"{_PREFIX}{option.name.upper()}": option.variable for option in ALL_OPTIONS if option.variable},
    **{variable: variable for variable in _VARIABLES},
}
_SIMILAR, _ALMOST_EQUAL, _NEARLY_EQUAL = 0.6, 0.8, 0.9  # others have variables like MEDUSA_ADMIN_BACKEND_URL


class Found(NamedTuple):
    """A setting as it is written, and where; the text is None if it has neither a value nor a default.

    `name` is the flag, the variable or the path of the file, and `line` that of the file, from 1.
    """

    text: str | None
    kind: Literal["flag", "variable", "file", "default"] = "default"
    name: str = ""
    line: int = 0

    @property
    def origin(self) -> str:
        name = {"variable": f" {self.name}", "file": f" {self.name}, line {self.line}"}.get(self.kind, "")
        return f"{self.kind}{name}"


class EnvFile(NamedTuple):
    """A file of settings: what it has, by variable, without empty texts, also those of other programs."""

    path: str | None = None
    found: Mapping[str, Found] = {}
    problems: tuple[str, ...] = ()


def read_env_file(name: str | None, directory: Path) -> EnvFile:
    """Read a file of settings; without a name, `.env` in the directory, which need not exist."""
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
        if entry.error or (variable in _VARIABLES and entry.value is None):
            problems.append(f"{path}, line {line}: expected NAME=value")
        elif variable.startswith(_PREFIX) and variable not in _VARIABLES:
            end = _did_you_mean(variable, _PREFIX, _SIMILAR)
            problems.append(f"{path}, line {line}: the setting {variable} does not exist{end}")
        elif variable and entry.value:
            found[variable] = Found(entry.value, "file", str(path), line)
    return EnvFile(str(path), found, tuple(problems))


def misspelled(names: Collection[str]) -> Iterator[str]:
    """Yield a warning for each of these variables with a value that is probably a misspelled setting."""
    for name in sorted(set(names) - _VARIABLES):
        spelled, nearest = name.upper().replace("-", "_"), ""
        if name.startswith(_PREFIX):
            nearest = _did_you_mean(name, _PREFIX, _SIMILAR)
        elif spelled.startswith(_OF_MEDUSA):
            nearest = _did_you_mean(spelled, _OF_MEDUSA, _ALMOST_EQUAL, set_already=names)
        elif spelled.startswith(_START):
            nearest = _did_you_mean(spelled, "", _NEARLY_EQUAL, set_already=names)
        if nearest or name.startswith(_PREFIX):
            yield f"the variable {name} is not a setting{nearest}"


def _did_you_mean(name: str, prefix: str, least: float, *, set_already: Collection[str] = ()) -> str:
    """The end of a message that names the nearest variable, or an empty text."""
    from difflib import get_close_matches

    spellings = {key[len(prefix) :]: value for key, value in _SPELLINGS.items() if key.startswith(prefix)}
    close = [spellings[key] for key in get_close_matches(name[len(prefix) :], spellings, n=1, cutoff=least)]
    return f"; did you mean {close[0]}?" if close and close[0] not in set_already else ""
