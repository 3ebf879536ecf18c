"""Checks of request bodies. The messages are not those of Medusa, but name the field."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tests.harness.fake_medusa.errors import invalid_data

Check = Callable[[Any], str]
"""Returns what is wrong with a value; empty if nothing is."""

_MISSING: Final = object()


def validate(check: Check, body: object) -> None:
    if problem := check(body):
        raise invalid_data(f"Invalid request: {problem}")


def anything(_value: object) -> str:
    return ""


def text(value: object) -> str:
    return "" if isinstance(value, str) else "not a string"


def number(value: object) -> str:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")
    return "" if fine else "not a number"


def not_negative(value: Any) -> str:
    return number(value) or ("too small" if value < 0 else "")


def boolean(value: object) -> str:
    return "" if isinstance(value, bool) else "not a boolean"


def one_of(*values: str) -> Check:
    return lambda value: "" if value in values else f"not one of {', '.join(values)}"


def nullable(check: Check) -> Check:
    return lambda value: "" if value is None else check(value)


def record(check: Check = anything) -> Check:
    def check_record(value: object) -> str:
        return _first(value.items(), check) if isinstance(value, dict) else "not a record"

    return check_record


def array(check: Check) -> Check:
    def check_array(value: object) -> str:
        return _first(enumerate(value), check) if isinstance(value, list) else "not an array"

    return check_array


def fields(checks: Mapping[str, Check], *, required: Sequence[str] = (), strict: bool = True) -> Check:
    """Checks of an object, in which unknown fields are an error if it is strict."""

    def check_fields(value: object) -> str:
        if not isinstance(value, dict):
            return "not an object"
        for name in dict.fromkeys([*value, *required]):
            check = checks.get(name, _unknown if strict else anything)
            if problem := check(value.get(name, _MISSING)):
                return f"{name}: {problem}"
        return ""

    return check_fields


def _unknown(_value: object) -> str:
    return "an unknown field, or one that the fake does not support"


def _first(members: Any, check: Check) -> str:
    return next((f"{key}: {problem}" for key, member in members if (problem := check(member))), "")
