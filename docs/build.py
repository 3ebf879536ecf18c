"""Write what is generated: tables and recipes of the pages, the diagram, and JSON Schemas (`make docs`)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import yaml

from docs import architecture, catalogue, costs, formats
from docs.catalogue import PageError
from medusa_sync import codes
from medusa_sync.errors import EXIT_CODES
from medusa_sync.report import document
from medusa_sync.settings.option import GROUPS, Group, Option
from medusa_sync.settings.options import ALL_OPTIONS
from medusa_sync.sources.dialects import DIALECTS
from medusa_sync.sources.dialects.base import Column, Dialect
from tests.harness import matrix

README = Path(__file__).parent.parent / "README.md"
ARCHITECTURE = README.parent / "ARCHITECTURE.md"
DOCS = README.parent / "docs"
CRONTAB = README.parent / "crontab.example"
_SHOWN, _PLAIN, _IGNORED = 4, 10, 2  # names of a column, and of columns that need no words, or are ignored


def main() -> None:
    for page, blocks in pages().items():
        page.write_text(filled(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")


def pages() -> Mapping[Path, Mapping[str, str]]:
    """The generated blocks of each page."""
    measured = (README.parent / "benchmarks" / "README.md").read_text(encoding="utf-8")
    return {
        README: {"costs": costs.table(measured)},
        DOCS / "options.md": {"all": all_options()},
        DOCS / "exit-codes.md": {"exit codes": exit_codes_table(), "warnings": warnings_table()},
        DOCS / "formats.md": {
            "formats": _table(formats.HEAD, formats.rows()),
            **{dialect.name: dialect_tables(dialect) for dialect in DIALECTS},
        },
        DOCS / "catalogue.md": catalogue.blocks(),
        ARCHITECTURE: architecture.blocks(),
        DOCS / "compatibility.md": {"versions": versions()},
        DOCS / "scheduling.md": {CRONTAB.name: crontab()},
        DOCS / "ci.md": {"action": action_tables()},
        DOCS / "scaling.md": {"costs": costs.table(measured, costs.LARGE, costs.CPU)},
    }


def files() -> Mapping[Path, str]:
    """The files that are generated as a whole."""
    texts = {file: as_json(schema) for file, schema in schemas().items()}
    return {**texts, DOCS / "architecture.svg": architecture.svg(), DOCS / "index.md": start_page()}


def start_page() -> str:
    """The README as the first page of the site, which has no files of the repository outside `docs`."""
    text = README.read_text(encoding="utf-8").replace("](docs/", "](")
    text = re.sub(r"^## Where next\n.*\n\n(?=`make docs`)", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"\[([\w./]+)\]\(\1\)", r"`\1`", text)  # the site has a menu


def schemas() -> Mapping[Path, Mapping[str, Any]]:
    """The generated JSON Schemas by file."""
    return {
        DOCS / "catalogue.schema.json": catalogue.schema(),
        DOCS / "result.schema.json": document.schema(),
    }


def as_json(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Return the text with every generated block replaced."""
    for name, block in blocks.items():
        pattern = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text, found = pattern.subn(block.replace("\\", "\\\\"), text)
        if found != 1:
            raise PageError(f"the page has the block {name!r} {found} times; expected one")
    return text


def crontab() -> str:
    """The file to copy, as a block of code."""
    return f'```cron title="{CRONTAB.name}"\n{CRONTAB.read_text(encoding="utf-8")}```\n'


def all_options() -> str:
    """A table for each panel of `--help-all`, with the settings that have no flag."""
    return "\n".join(f"### {group}\n\n{_panel(group)}" for group in GROUPS)


def _panel(group: Group) -> str:
    rows = [(_names_of(option), _meaning(option)) for option in ALL_OPTIONS if option.group == group]
    return _table(("option", "meaning"), rows)


def _meaning(option: Option) -> str:
    default = f"Default: {literal(option.default)}." if option.default and not option.is_switch else ""
    return " ".join(filter(None, (_cell(option.help), _cell(option.more), default)))


def _names_of(option: Option) -> str:
    """The flag, if it has one, and the variable, if it has one."""
    names = [f"{option.flag} {option.metavar}" if option.flag else "", option.variable or ""]
    return "<br>".join(literal(name) for name in names if name)


def literal(text: str) -> str:
    """Text as code in a cell; `|` is written in the one way that GitHub and the site both show as it is."""
    text = text.strip()
    if "|" in text:
        return f"<code>{escape(text, quote=False).replace('|', '&#124;')}</code>"
    return f"`{text}`" if text else "-"


def _cell(text: str) -> str:
    text = re.sub(r"`([^`]*\|[^`]*)`", lambda code: literal(code[1]), text.strip())
    return text.replace("|", "\\|")


def exit_codes_table() -> str:
    return _table(("code", "meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])


def warnings_table() -> str:
    rows = codes.table().values()
    cells = [(f"{row['code']} `{row['name']}`: {row['meaning']}", row["remedy"]) for row in rows]
    return _table(("code", "what to do"), cells)


def action_tables() -> str:
    """The inputs and outputs of the action for GitHub; of inputs that are options, only the names."""
    action = yaml.safe_load((README.parent / "action.yml").read_text(encoding="utf-8"))
    flags = {option.flag.removeprefix("--") for option in ALL_OPTIONS} | {"api-key", "source-authorization"}
    alike = [name for name in action["inputs"] if name in flags]
    rows = [(_code(alike), "as the [options](options.md)")]
    rows += [(f"`{n}`", each["description"]) for n, each in action["inputs"].items() if n not in alike]
    outputs = [(f"`{name}`", each["description"]) for name, each in action["outputs"].items()]
    return "\n".join([_table(("input", "meaning"), rows), _table(("output", "meaning"), outputs)])


def versions() -> str:
    """The versions of Medusa that `make matrix` tried, and what it checked."""
    alike: dict[tuple[str, str], list[str]] = {}
    for version, each in matrix.read().items():
        works = f"all, except {'; '.join(each['failed'])}" if each["failed"] else "all"
        if unknown := [name for name in matrix.SUITE if name not in each["checked"]]:
            works += f" (not tested: {'; '.join(unknown)})"
        alike.setdefault((works, each["date"]), []).append(version)
    rows = [(works, ", ".join(found), date) for (works, date), found in alike.items()]
    return f"{_table(('works', 'Medusa', 'tested'), rows)}\n*All* is what `tests/harness/matrix.py` names.\n"


def dialect_tables(dialect: Dialect) -> str:
    """The columns that a dialect uses, and examples of those that it ignores."""
    used = [column for column in dialect.columns if column.field]
    plain = [each for each in used if _is_plain(each)]
    rows = [
        (", ".join(map(_names, group)), _fields(group), _cell(rule))
        for rule, group in _by_rule(each for each in used if each not in plain)
    ]
    if plain:
        names = [name for each in plain for name in each.names]
        rows.append((_code(names, _PLAIN), "the one of the same name", ""))
    ignored: dict[str, list[str]] = {}
    for each in dialect.columns:
        if not each.field:
            ignored.setdefault(each.rule, []).extend((*each.names, *each.also))
    others = "; ".join(f"{_code(names, _IGNORED)} ({rule})" for rule, names in ignored.items())
    head = f"Identity: {dialect.identity}.\n\n{_table(('column', 'field', 'rule'), rows)}"
    return f"{head}\nOther columns are ignored, such as {others}.\n" if others else head


def _is_plain(column: Column) -> bool:
    """Whether the only name of a column is that of its field, and nothing else has to be said about it."""
    names = (*column.names, *column.also)
    field = column.field.rpartition(".")[2].lower()
    return not column.rule and len(names) == 1 and re.sub(r"\W|_", "", names[0]).lower().endswith(field)


def _by_rule(columns: Iterable[Column]) -> Iterable[tuple[str, list[Column]]]:
    """The columns with the same rule in one group; those without a rule by their fields."""
    groups: dict[str, list[Column]] = {}
    for each in columns:
        groups.setdefault(each.rule or each.field, []).append(each)
    return [(group[0].rule, group) for group in groups.values()]


def _fields(columns: Iterable[Column]) -> str:
    return _code(dict.fromkeys(field for each in columns for field in each.field.split(", ")))


def _names(column: Column) -> str:
    return _code((*column.names, *column.also), _SHOWN)


def _code(names: Iterable[str], most: int | None = None) -> str:
    found = [f"`{name}`" for name in names]
    return ", ".join([*found[:most], *(["..."] if most and len(found) > most else [])])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head), tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    try:
        main()
    except PageError as error:
        sys.exit(f"error: {error}")
