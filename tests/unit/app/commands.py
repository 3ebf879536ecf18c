"""Runs the command in this process."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner, Result

from medusa_sync.cli import app
from tests.harness.documents import read_document

KEY = "sk_fake"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["products", *arguments])


def document(result: Result) -> dict[str, Any]:
    return read_document(result.stdout)
