"""Files of the local file provider."""

from typing import Any, Final

from tests.harness.fake_medusa.state import File, State

STATIC: Final = "http://localhost:9000/static/"


def write(state: State, sent: list[tuple[str, str, bytes]], deleted: str = "") -> dict[str, Any]:
    """Store files, of which the same one twice gives two; or delete one, also if it is unknown."""
    if deleted:
        if state.files.pop(deleted, None):
            state.deleted_files.add(deleted)
        return {"id": deleted, "object": "file", "deleted": True}
    return {"files": [_upload(state, *each) for each in sent]}


def _upload(state: State, name: str, type_: str, content: bytes) -> dict[str, Any]:
    number = len(state.files) + len(state.deleted_files)
    file = File(f"{1_700_000_000_000 + number}-{name}", type_, content)
    state.files[file.id] = file
    return {"id": file.id, "url": f"{STATIC}{file.id}"}
