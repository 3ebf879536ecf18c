"""Describes the Python API as a stub. `python -m tests.harness.python_api` records that of a release.

`tests/unit/app/test_python_api.py` compares the API with the record. Both come from the running
program, not from its source, because the defaults of the settings are in a table.
"""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import medusa_sync

_LONG = 80
_ENUM_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
_MODULE = re.compile(r"\b[a-z_]+(\.[a-z_]+)*\.(?=[A-Z])")

RECORD = Path(__file__).parents[1] / "unit" / "python_api.txt"


def stub() -> str:
    """The public names with their signatures, attributes and values."""
    names = sorted(set(medusa_sync.__all__) - {"__version__"})
    return "\n".join(line for name in names for line in (*_described(name), "")).rstrip() + "\n"


def _described(name: str) -> Iterator[str]:
    found = getattr(medusa_sync, name)
    if not inspect.isclass(found):
        yield f"def {name}{_signature(inspect.signature(found))}: ..."
        return
    bases = [base.__name__ for base in found.__bases__ if base is not object]
    yield f"class {name}({', '.join(bases)}):" if bases else f"class {name}:"
    if issubclass(found, Enum):
        yield from (f"    {each.name} = {each.value!r}" for each in found)
        return
    parameters = inspect.signature(found).parameters
    fields = {key: each for key, each in parameters.items() if _is_field(found, key)}
    yield from (f"    {key}: {_type(each.annotation)}" for key, each in fields.items())
    yield f"    def __init__{_signature(inspect.signature(found), found)}: ..."
    for key, member in vars(found).items():
        if inspect.isfunction(member) and not key.startswith("_"):
            yield f"    def {key}{_signature(inspect.signature(member))}: ..."


def _is_field(found: type, name: str) -> bool:
    return any(name in getattr(found, f"__{kind}_fields__", ()) for kind in ("struct", "dataclass"))


def _signature(signature: inspect.Signature, of_class: type | None = None) -> str:
    words = ["self"] if of_class else []
    has_star = False
    for each in signature.parameters.values():
        if each.kind is each.KEYWORD_ONLY and not has_star:
            words.append("*")
            has_star = True
        default = "" if each.default is each.empty else f" = {_default(each, of_class)}"
        words.append(f"{each.name}: {_type(each.annotation)}{default}" if each.name != "self" else "self")
    result = "None" if of_class else _type(signature.return_annotation)
    line = f"({', '.join(words)}) -> {result}"
    if len(line) < _LONG:
        return line
    return "".join(["(", *(f"\n        {word}," for word in words), f"\n    ) -> {result}"])


def _default(parameter: inspect.Parameter, of_class: type | None) -> str:
    """The default value; that of a dataclass may come from a function."""
    value: Any = parameter.default
    if of_class and dataclasses.is_dataclass(of_class):
        [own] = [each for each in dataclasses.fields(of_class) if each.name == parameter.name]
        if own.default_factory is not dataclasses.MISSING:
            value = own.default_factory()
    return _ENUM_MEMBER.sub(r"\1", repr(value))


def _type(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return _MODULE.sub("", str(annotation))


def main() -> None:
    RECORD.write_text(stub(), encoding="utf-8")


if __name__ == "__main__":
    main()
