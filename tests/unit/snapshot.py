"""Compares an output with a file; `UPDATE_SNAPSHOTS=1 pytest ...` writes it instead."""

import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "snapshots"


def assert_same_as_file(name: str, text: str) -> None:
    path = _FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), (
        f"run this test with UPDATE_SNAPSHOTS=1 and review {name}"
    )
