"""The events of the JSON log are those of the documented table."""

import ast
import re
from functools import cache
from pathlib import Path

from medusa_sync.codes import table
from medusa_sync.report.log import FIELDS

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").partition("## Log events")[2]
ROWS = re.findall(r"^\| `(\w+)` \| (\w+) \| .*? \| (.*?) ?\|$", PAGE, re.MULTILINE)


@cache
def calls() -> list[tuple[str, str, str | None, set[str]]]:
    """The place, level, event and fields of each logging call of the package."""
    paths = sorted((ROOT / "medusa_sync").rglob("*.py"))
    return [
        found
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (found := call(node, path.name))
    ]


def call(node: ast.AST, file: str) -> tuple[str, str, str | None, set[str]] | None:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=level)) if (
            "log" in name and level in LEVELS
        ):
            pass
        case _:
            return None
    extra = next((each.value for each in node.keywords if each.arg == "extra"), None)
    pairs = zip(extra.keys, extra.values, strict=True) if isinstance(extra, ast.Dict) else ()
    found = {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
    event = found.pop("event", None)
    event_name = str(event.value) if isinstance(event, ast.Constant) else None
    return f"{file}:{node.lineno}", "info" if level == "log" else level, event_name, set(found) - {"hint"}


def test_every_record_has_an_event() -> None:
    assert [place for place, _, event, _ in calls() if not event] == []


def test_the_table_has_every_event_with_its_level_and_fields_except_warnings() -> None:
    emitted = {(event, level) for _, level, event, _ in calls() if level != "warning"}
    assert {(event, level) for event, level, _ in ROWS} == emitted | {("library", "any")}
    documented = {event: set(re.findall(r"`(\w+)`", fields)) for event, _, fields in ROWS}
    for place, level, event, fields in calls():
        allowed = {"external_id", "outcome"} if level == "warning" else documented[event or ""]
        assert fields <= allowed if level == "warning" else fields == allowed, place


def test_every_warning_and_note_has_a_code_and_every_code_is_used() -> None:
    """The page of codes is made of their table."""
    notes = {
        str(node.args[0].value)
        for path in (ROOT / "medusa_sync").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Note"
        if isinstance(node.args[0], ast.Constant)
    }
    warnings = {str(event) for _, level, event, _ in calls() if level == "warning"}
    assert notes | warnings == table().keys()


def test_codes_are_unique() -> None:
    codes = [row["code"] for row in table().values()]
    assert len({*codes}) == len(codes)
    assert all(re.fullmatch(r"[WI]\d{3}", code) for code in codes)
    assert all(map(all, (row.values() for row in table().values())))


def test_the_fields_are_documented() -> None:
    head = PAGE.partition("| event |")[0]
    assert set(FIELDS) <= set(re.findall(r"`(\w+)`", head))
