"""Write what is generated: the tables of the README, and the JSON Schema of `--json` (`make docs`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from medusa_sync.errors import EXIT_CODES
from medusa_sync.report.document import schema
from medusa_sync.settings.options import ENV_FILE, OPTIONS

README = Path(__file__).parent.parent / "README.md"
SCHEMA = Path(__file__).with_name("result.schema.json")


def main() -> None:
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(schema_file(), encoding="utf-8")


def filled(text: str) -> str:
    """Return the text with every generated block replaced."""
    for name, block in blocks().items():
        pattern = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text, found = pattern.subn(block.replace("\\", "\\\\"), text)
        if found != 1:
            raise ValueError(f"README.md has the block {name!r} {found} times; expected one")
    return text


def schema_file() -> str:
    return json.dumps(schema(), indent=2) + "\n"


def blocks() -> Mapping[str, str]:
    return {"options": options_table(), "exit codes": exit_codes_table()}


def options_table() -> str:
    rows = [
        (
            f"`{option.flag} {option.metavar}".rstrip().replace("|", "\\|") + "`" if option.flag else "-",
            f"`{option.variable}`",
            f"`{option.default}`" if option.default else "-",
            option.help.replace("|", "\\|"),
        )
        for option in [*OPTIONS.values(), ENV_FILE]
    ]
    return _table(("flag", "variable", "default", "meaning"), rows)


def exit_codes_table() -> str:
    return _table(("code", "meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head), tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
