"""Checks of request bodies, with the messages of Medusa (zod and `zod-helpers`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.harness.fake_medusa.errors import invalid_data

Path = tuple[str | int, ...]

_MISSING: Final = object()
_SHOWN = 3  # issues in a message


@dataclass(frozen=True)
class Issue:
    path: Path
    expected: str = ""
    """The name of a type."""
    one_of: str = ""
    message: str = ""

    def describe(self, body: object) -> str:
        if self.message:
            return self.message
        place, value = ", ".join(map(str, self.path)), _value_at(body, self.path)
        if value is _MISSING:
            return f"Field '{place}' is required"
        if self.one_of:
            return f"Expected: '{self.one_of}' for field '{place}', but got: '{_in_javascript(value)}'"
        return f"Expected type: '{self.expected}' for field '{place}', got: '{_in_javascript(value)}'"


Check = Callable[[Any, Path], Sequence[Issue]]


def validate(check: Check, body: object) -> None:
    if issues := check(body, ()):
        messages = "; ".join(issue.describe(body) for issue in issues[:_SHOWN])
        raise invalid_data(f"Invalid request: {messages}")


def text(value: Any, path: Path) -> Sequence[Issue]:
    return [] if isinstance(value, str) else [Issue(path, "string")]


def number(value: Any, path: Path) -> Sequence[Issue]:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")
    return [] if fine else [Issue(path, "number")]


def not_negative(value: Any, path: Path) -> Sequence[Issue]:
    if issues := number(value, path):
        return issues
    place = ", ".join(map(str, path))
    message = f"Value for field '{place}' too small, expected at least: '0'"
    return [Issue(path, message=message)] if value < 0 else []


def boolean(value: Any, path: Path) -> Sequence[Issue]:
    return [] if isinstance(value, bool) else [Issue(path, "boolean")]


def boolean_or_its_name(value: Any, path: Path) -> Sequence[Issue]:
    if not isinstance(value, bool | str):
        return [Issue(path, "boolean, string")]
    fine = str(value).lower() in {"true", "false"}
    return [] if fine else [Issue(path, message="Invalid input")]


def one_of(*values: str) -> Check:
    return lambda value, path: [] if value in values else [Issue(path, one_of=", ".join(values))]


def either(*checks: Check) -> Check:
    """Medusa does not say which of the alternatives it expected."""
    return lambda value, path: [] if any(not check(value, path) for check in checks) else [Issue(path)]


def nullable(check: Check) -> Check:
    return lambda value, path: [] if value is None else check(value, path)


def record(check: Check = lambda _value, _path: []) -> Check:
    def check_record(value: Any, path: Path) -> Sequence[Issue]:
        if not isinstance(value, dict):
            return [Issue(path, "record")]
        return [issue for key, member in value.items() for issue in check(member, (*path, key))]

    return check_record


def array(check: Check) -> Check:
    def check_array(value: Any, path: Path) -> Sequence[Issue]:
        if not isinstance(value, list):
            return [Issue(path, "array")]
        return [issue for index, member in enumerate(value) for issue in check(member, (*path, index))]

    return check_array


def fields(checks: Mapping[str, Check], *, required: Sequence[str] = (), strict: bool = True) -> Check:
    def check_fields(value: Any, path: Path) -> Sequence[Issue]:
        if not isinstance(value, dict):
            return [Issue(path, "object")]
        issues = [
            issue
            for name, check in checks.items()
            if name in value or name in required
            for issue in check(value.get(name, _MISSING), (*path, name))
        ]
        unknown = [name for name in value if name not in checks] if strict else []
        if unknown:
            issues.append(Issue(path, message=f"Unrecognized fields: '{', '.join(unknown)}'"))
        return issues

    return check_fields


def refused(message: str) -> Check:
    return lambda _value, path: [Issue(path, message=message)]


def not_in_the_fake(_value: Any, path: Path) -> Sequence[Issue]:
    """Medusa accepts this field, but the fake does not support it."""
    raise NotImplementedError(f"FakeMedusa does not support {path}")


def _value_at(body: object, path: Path) -> object:
    """The value for the message; like Medusa, it does not look into lists."""
    value = body if isinstance(body, dict) else _MISSING
    for step in path:
        value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def _in_javascript(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "[object Object]"
        case list():
            return ",".join(_in_javascript(member) for member in value)
        case float() if abs(value) == float("inf"):
            return "Infinity" if value > 0 else "-Infinity"
        case _:
            return str(value)
