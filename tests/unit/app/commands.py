"""Runs the command in this process."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from medusa_sync.cli import app
from tests.harness.documents import read_document

KEY = "sk_fake"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["products", *arguments])


def document(result: Result) -> dict[str, Any]:
    return read_document(result.stdout)


def write(source: Path, rows: list[dict[str, Any]]) -> None:
    """Make these rows the catalogue."""
    source.write_text(json.dumps({"products": rows, "total": len(rows)}), encoding="utf-8")
