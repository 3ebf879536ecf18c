"""List endpoints: filters, pages, order."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from random import Random
from typing import Any, Final, Protocol, TypeVar

from tests.harness.fake_medusa.errors import invalid_data
from tests.harness.fake_medusa.rules import reject_nul


class Entity(Protocol):
    id: str


T = TypeVar("T", bound=Entity)
Query = Iterable[tuple[str, str]]
Filters = Mapping[str, Callable[[T], Collection[str | None]]]
"""By the name of a parameter, the values of a thing one of which has to be among those asked for."""

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
) -> dict[str, Any]:
    """A page.

    Args:
        query: of the request.
        things: to list.
        filters: that the endpoint knows.
        show: what to list of each thing.
        name: of the list in the answer.
        random: shuffles what has no order.
        limit: how many, unless the query says.
        ignores_unknown: whether other parameters are ignored rather than refused.
    """
    asked: defaultdict[str, list[str]] = defaultdict(list)
    for parameter, value in query:
        asked[parameter.removesuffix("[]")].append(value)
    unknown = [
        parameter for parameter in asked if parameter not in filters and parameter not in _OF_EVERY_LIST
    ]
    if unknown and not ignores_unknown:
        raise invalid_data(f"Invalid request: Unrecognized fields: '{', '.join(unknown)}'")
    wanted: dict[str, set[str | None]] = {
        parameter: set(values) for parameter, values in asked.items() if parameter in filters
    }
    if asked.get("external_id") == ["null"]:  # a list of it matches nothing, as in SQL
        wanted["external_id"] = {None} if ("external_id", "null") in query else set()
    reject_nul([values for parameter, values in asked.items() if parameter in filters])
    found = [
        thing
        for thing in things
        if all(not values.isdisjoint(filters[parameter](thing)) for parameter, values in wanted.items())
    ]
    order = asked.get("order", [""])[-1]
    if not order:
        random.shuffle(found)
    elif order.removeprefix("-") == "id":
        found.sort(key=lambda thing: thing.id, reverse=order.startswith("-"))
    else:
        raise NotImplementedError(f"FakeMedusa does not sort by {order}")
    take, skip = _integer(asked, "limit", limit), _integer(asked, "offset", 0)
    page = [show(thing) for thing in found[skip : skip + take]]
    return {name: page, "count": len(found), "offset": skip, "limit": take}


def _integer(asked: Mapping[str, list[str]], parameter: str, default: int) -> int:
    value = asked.get(parameter, [str(default)])[-1]
    if not value.isdecimal():
        raise invalid_data(
            f"Invalid request: Expected type: 'number' for field '{parameter}', got: '{value}'"
        )
    return int(value)
