"""The schema of the JSON document."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from medusa_sync.core.result import Action, Result, Status
from medusa_sync.report.json import Counts, as_json, schema
from tests.harness.documents import read_document
from tests.unit.results import BOWL, DELETED, DRAFTED, LAMP, LEFT, OVERRULED, RESPECTED, SHIRT, run

EVERYTHING = run(  # with all optional fields
    BOWL,
    DRAFTED,
    DELETED,
    OVERRULED,
    RESPECTED,
    SHIRT,
    problems=[LAMP],
    not_completed=LEFT,
    error="no response",
)


def test_the_schema_itself_is_valid() -> None:
    Draft202012Validator.check_schema(schema())


def test_unknown_fields_are_allowed_everywhere() -> None:
    def extended(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: extended(each) for name, each in value.items()} | {"of_a_later_version": {}}
        return [extended(each) for each in value] if isinstance(value, list) else value

    document = json.loads(as_json(EVERYTHING))
    for change in document["changes"]:  # the keys of `fields` are names of fields
        change["fields"] = {}
        change.pop("variants", None)
    extended_document = extended(document)
    for change in extended_document["changes"]:
        change["fields"] = {}
    read_document(json.dumps(extended_document))


def test_every_field_except_the_optional_ones_is_required() -> None:
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
