"""The JSON document of a run, and its schema."""

import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from msgspec import structs
from rich.console import Console

from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.outcome import Action, Result
from medusa_sync.core.result import Status
from medusa_sync.report.document import Counts, schema
from medusa_sync.report.json import as_json, print_json
from tests.harness.documents import read_document
from tests.unit.results import EVERYTHING, LAMP, LEFT, MUG, SPOON, STAMPS, run

KEYS = {None: "", "1": "Red", "2": "Red", "3": "Blue"}
FIELD_NAMES = st.sampled_from(["title", "weight", "price"])


@given(placed=st.lists(st.tuples(st.sampled_from([*KEYS]), FIELD_NAMES), max_size=12, unique=True))
def test_no_change_is_lost_if_variants_have_the_same_name(placed: list[tuple[str | None, str]]) -> None:
    changed = [(KEYS[key], field) for key, field in placed]
    changes = tuple(
        FieldChange(field, None, number, variant=KEYS[key], key=key)
        for number, (key, field) in enumerate(placed)
    )
    (change,) = json.loads(as_json(run(structs.replace(SPOON, changes=changes))))["changes"]
    entries = [{"variant": "", "fields": change["fields"]}, *change.get("variants", [])]
    found = {
        values["to"]: (entry["variant"], field)
        for entry in entries
        for field, values in entry["fields"].items()
    }
    assert [found[number] for number in range(len(changed))] == changed
    assert sum(len(entry["fields"]) for entry in entries) == len(changed)


def test_the_start_is_in_utc() -> None:
    riga = datetime(2026, 7, 1, 1, 0, tzinfo=timezone(timedelta(hours=3)))
    assert json.loads(as_json(run(started_at=riga)))["started_at"] == "2026-06-30T22:00:00.000Z"


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED, Status.PARTIAL, Status.LOCKED])
def test_only_an_error_that_ended_a_run_is_a_failure(status: Status) -> None:
    """A time limit makes it partial."""
    document = json.loads(as_json(run(not_completed=LEFT, status=status, error="The run was stopped")))
    outcome = "failed" if status is Status.FAILED else "not_attempted"
    assert (document["problems"][0]["outcome"], document["counts"]["failed"]) == (outcome, 0)


def test_it_is_one_line_in_a_pipe_and_indented_on_a_terminal() -> None:
    def written(*, terminal: bool) -> str:
        console = Console(file=io.StringIO(), force_terminal=terminal, width=40)
        print_json(run(SPOON, problems=[STAMPS]), console)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    assert written(terminal=False).count("\n") == 1
    assert written(terminal=True).startswith('{\n  "version": 1,\n')
    assert json.loads(written(terminal=False)) == json.loads(written(terminal=True))


def test_it_is_ascii_on_a_stream_that_is_not_utf_8() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="latin-1")
    print_json(run(MUG, problems=[LAMP]), Console(file=stream))
    stream.flush()
    assert LAMP.title in as_json(run(problems=[LAMP])), "elsewhere it is not"
    assert json.loads(written.getvalue().decode("ascii"))["problems"][0]["title"] == LAMP.title


# --- the schema -----------------------------------------------------------------------------------------


def test_the_schema_allows_unknown_fields_everywhere() -> None:
    def extended(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: extended(each) for name, each in value.items()} | {"of_a_later_version": {}}
        return [extended(each) for each in value] if isinstance(value, list) else value

    Draft202012Validator.check_schema(schema())
    document = json.loads(as_json(EVERYTHING))
    for change in document["changes"]:  # the keys of `fields` are names of fields
        change["fields"] = {}
        change.pop("variants", None)
    longer = extended(document)
    for change in longer["changes"]:
        change["fields"] = {}
    read_document(json.dumps(longer))


def test_the_schema_requires_every_field() -> None:
    document = json.loads(as_json(EVERYTHING))
    for name in document:
        with pytest.raises(ValidationError):
            read_document(json.dumps({key: value for key, value in document.items() if key != name}))


def test_the_schema_names_every_outcome_action_and_status() -> None:
    definitions = schema()["$defs"]
    assert set(Result) <= set(Counts.__struct_fields__)
    assert set(definitions["Result"]["enum"]) == set(Result)
    assert set(definitions["Status"]["enum"]) == set(Status)
    assert set(definitions["ProductChange"]["properties"]["action"]["enum"]) == {*Action, "keep"}
