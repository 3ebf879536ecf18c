"""What a response with the status 200 says if the API failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from medusa_sync.redact import shortened
from medusa_sync.sources.json_page import is_envelope
from medusa_sync.sources.text import fold

_ERRORS = ("error", "errors")
_SUCCESS = ("success", "ok")
_STATUS = "status"
_MESSAGES = ("message", "msg", "detail", "errormessage", "errordescription")
_NAMES = frozenset({*_ERRORS, *_SUCCESS, _STATUS, *_MESSAGES})
_AROUND = frozenset({"body", "data", "payload", "response", "result", "results"})  # what a map is made for
_NOTHING = frozenset({"", "0", "200", "false", "no", "none", "null", "ok", "success", "noerror", "noerrors"})
_FAILED = frozenset({"error", "errors", "fail", "failed", "failure", "false"})
_LONGEST = 200  # characters of a value in a message
_DEPTH = 4  # of objects and lists in an error


def is_about_failure(name: str) -> bool:
    """Whether a member with this name may say that the API failed, or why."""
    return _folded(name) in _NAMES


def failure(members: Mapping[str, Any], *, is_item: bool) -> str:
    """What members of a page say about a failure, such as `success is false`; empty if nothing.

    Args:
        members: of a page, or of an object in it.
        is_item: the page may be a product itself, for a map.
    """
    is_product = is_item and "id" in members  # its status is that of the product
    for name, value in members.items():
        if _is_failure(_folded(name), value, is_product=is_product):
            why = (each for each in members if _folded(each) in _MESSAGES)
            return ", ".join(f"{each} is {_shown(members[each])}" for each in (name, *why))
    inner = (
        failure(value, is_item=is_item)
        for name, value in members.items()
        if isinstance(value, dict) and (is_envelope(name) or (is_item and _folded(name) in _AROUND))
    )
    return next(filter(None, inner), "")


def _is_failure(name: str, value: Any, *, is_product: bool) -> bool:
    text = fold(str(value)[:_LONGEST]) if isinstance(value, str | int | float) else ""
    if name in _ERRORS:
        return _is_something(value)
    if name in _SUCCESS:
        return text in {"false", "0", "no"}
    if name == _STATUS and not is_product:
        is_code = len(text) == len("404") and text.isdecimal()
        return int(text) >= HTTPStatus.BAD_REQUEST if is_code else text in _FAILED
    return False


def _is_something(value: Any, depth: int = 0) -> bool:
    """Whether the value of an error is one, and not `[]`, `null`, `false` or the like."""
    if depth == _DEPTH:
        return bool(value)
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return any(_is_something(each, depth + 1) for each in inner)
    return fold(str(value)[:_LONGEST]) not in _NOTHING


def _folded(name: str) -> str:
    return fold(name[:_LONGEST])


def _shown(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        text = "nested too deeply"
    return repr(shortened(text, _LONGEST)) if isinstance(value, str) else shortened(text, _LONGEST)
