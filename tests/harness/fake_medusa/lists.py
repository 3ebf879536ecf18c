"""List endpoints: filters, pages, order."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from random import Random
from typing import Any, Final, Protocol, TypeVar

from tests.harness.fake_medusa.errors import invalid_data


class Entity(Protocol):
    id: str


T = TypeVar("T", bound=Entity)
Query = Collection[tuple[str, str]]
Filters = Mapping[str, Callable[[T], str | None]]
"""Parameter names, each with the value of an entity; it must be in the query."""

_OF_EVERY_LIST: Final = ("fields", "limit", "offset", "order")


def listed(
    query: Query,
    things: Iterable[T],
    filters: Filters[T],
    show: Callable[[T], Any],
    *,
    name: str,
    random: Random,
    limit: int = 20,
    ignores_unknown: bool = False,
    searched: Sequence[str] = (),
) -> dict[str, Any]:
    """One page of a list.

    Args:
        query: of the request.
        things: all entities.
        filters: that the endpoint supports.
        show: returns the view of an entity.
        name: of the list in the response.
        random: shuffles lists without an order.
        limit: the default page size.
        ignores_unknown: ignore other parameters instead of refusing them.
        searched: the fields that `q` searches; none if the endpoint has no `q`.
    """
    asked: defaultdict[str, list[str]] = defaultdict(list)
    for parameter, value in query:
        asked[parameter.removesuffix("[]")].append(value)
    known = {*filters, *_OF_EVERY_LIST, *(["q"] if searched else [])}
    unknown = [parameter for parameter in asked if parameter not in known]
    if unknown and not ignores_unknown:
        raise invalid_data(f"Invalid request: Unrecognized fields: '{', '.join(unknown)}'")
    arrays = {parameter.removesuffix("[]") for parameter, _ in query if parameter.endswith("[]")}
    wanted = {
        parameter: _wanted(values, is_array=parameter in arrays)
        for parameter, values in asked.items()
        if parameter in filters
    }
    if wanted.get("handle") == {None}:  # Medusa ignores it
        del wanted["handle"]
    found = [
        thing
        for thing in things
        if all(filters[parameter](thing) in values for parameter, values in wanted.items())
        and _is_found(asked.get("q", [""])[-1], [getattr(thing, name) for name in searched])
    ]
    order = asked.get("order", [""])[-1]
    if not order:
        random.shuffle(found)
    elif order.removeprefix("-") in {"id", "created_at"}:
        found.sort(key=attrgetter(order.removeprefix("-")), reverse=order.startswith("-"))
    else:
        raise NotImplementedError(f"FakeMedusa does not sort by {order}")
    take, skip = _integer(asked, "limit", limit), _integer(asked, "offset", 0)
    page = [show(thing) for thing in found[skip : skip + take]]
    return {name: page, "count": len(found), "offset": skip, "limit": take}


def _wanted(values: list[str], *, is_array: bool) -> set[str | None]:
    """Medusa splits an array of one value at commas, and reads the text `null` as no value."""
    if is_array:
        members = values[0].split(",") if len(values) == 1 else values
        return {member for member in members if member != "null"}
    return {None if value == "null" else value for value in values}


def _is_found(words: str, texts: Iterable[str | None]) -> bool:
    """Whether each word is part of one of the texts."""
    if words == "null":
        return True
    return all(any(word in (text or "").lower() for text in texts) for word in words.lower().split())


def _integer(asked: Mapping[str, list[str]], parameter: str, default: int) -> int:
    value = asked.get(parameter, [str(default)])[-1]
    if not value.isdecimal():
        raise invalid_data(
            f"Invalid request: Expected type: 'number' for field '{parameter}', got: '{value}'"
        )
    return int(value)
