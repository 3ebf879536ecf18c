"""Write what is generated from the code: tables of the pages, and JSON Schemas (`make docs`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from docs import catalogue, mapping
from medusa_sync.errors import EXIT_CODES
from medusa_sync.report import json as json_report
from medusa_sync.settings.option import GROUPS, Group
from medusa_sync.settings.options import ALL_OPTIONS
from medusa_sync.sources.dialects import DIALECTS
from medusa_sync.sources.dialects.base import Column, Dialect
from medusa_sync.sources.maps import BUILT_IN
from medusa_sync.sources.paging import KINDS

README = Path(__file__).parent.parent / "README.md"
FORMATS = README.parent / "docs" / "formats.md"
OPTIONS = FORMATS.with_name("options.md")
CATALOGUE = FORMATS.with_name("catalogue.md")
MAPPING = FORMATS.with_name("mapping.md")
MAPS = FORMATS.with_name("maps.md")
HOW_IT_WORKS = FORMATS.with_name("how-it-works.md")
RESULT_SCHEMA = FORMATS.with_name("result.schema.json")
CATALOGUE_SCHEMA = FORMATS.with_name("catalogue.schema.json")


def main() -> None:
    for page, blocks in pages().items():
        page.write_text(filled(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    for file, schema in schemas().items():
        file.write_text(as_json(schema), encoding="utf-8")


def pages() -> Mapping[Path, Mapping[str, str]]:
    """The generated blocks of each page."""
    return {
        README: {"options": common_options(), "exit codes": exit_codes_table()},
        OPTIONS: {"all": all_options()},
        FORMATS: {dialect.name: dialect_tables(dialect) for dialect in DIALECTS},
        CATALOGUE: catalogue.blocks(),
        MAPPING: {"by format": mapping.by_format()},
        MAPS: {"built-in maps": maps_table()},
        HOW_IT_WORKS: {"paging": kinds_table()},
    }


def schemas() -> Mapping[Path, Mapping[str, Any]]:
    """The generated JSON Schemas by file."""
    return {CATALOGUE_SCHEMA: catalogue.schema(), RESULT_SCHEMA: json_report.schema()}


def as_json(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Return the text with every generated block replaced."""
    for name, block in blocks.items():
        pattern = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text, found = pattern.subn(block.replace("\\", "\\\\"), text)
        if found != 1:
            raise ValueError(f"the page has the block {name!r} {found} times; expected one")
    return text


def common_options() -> str:
    """What `--help` shows."""
    rows = [
        (_literal(f"{option.flag} {option.metavar}"), _cell(option.help))
        for option in ALL_OPTIONS
        if option.is_common
    ]
    return _table(("flag", "meaning"), rows)


def all_options() -> str:
    """A table for each panel of `--help-all`, with the settings that have no flag."""
    return "\n".join(f"## {group}\n\n{_panel(group)}" for group in GROUPS)


def _panel(group: Group) -> str:
    rows = [
        (
            _literal(f"{option.flag} {option.metavar}") if option.flag else "-",
            _literal(option.variable),
            _literal(option.default or ""),
            _cell(f"{option.help} {option.more}"),
        )
        for option in ALL_OPTIONS
        if option.group == group
    ]
    return _table(("flag", "variable", "default", "meaning"), rows)


def _literal(text: str) -> str:
    return f"`{_cell(text)}`" if text.strip() else "-"


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|")


def exit_codes_table() -> str:
    return _table(("code", "meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])


def maps_table() -> str:
    return _table(("map", "for"), [(f"`{each.name}`", each.what) for each in BUILT_IN])


def kinds_table() -> str:
    rows = [(each.name, each.used, each.sends, each.ends) for each in KINDS]
    return _table(("paging", "used for", "a request has", "the last page"), rows)


def dialect_tables(dialect: Dialect) -> str:
    """Tables of the columns that a dialect uses, and of those that it ignores."""
    used = [column for column in dialect.columns if column.field]
    rows = [(_names(each), _code(each.field.split(", ")), each.rule.replace("|", "\\|")) for each in used]
    others = [(_names(each), each.rule) for each in dialect.columns if not each.field]
    required = _code(dialect.required)
    head = (
        f"Identity: {dialect.identity}. Required: {required}.\n\n{_table(('column', 'field', 'rule'), rows)}"
    )
    return f"{head}\n{_table(('ignored column', 'why'), others)}" if others else head


def _names(column: Column) -> str:
    return _code(column.names)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head), tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
