"""Runs the command in this process."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner, Result

from medusa_sync.cli import app

KEY = "sk_fake"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["products", *arguments])


def document(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed
