"""Reads the documents of `--json`, and checks each against its published schema."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).parents[2] / "docs" / "result.schema.json"
_VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def read_document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    _VALIDATOR.validate(document)
    return document
