"""The recorded requests of one run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

ID = re.compile(r"\b[a-z]+_[0-9A-HJKMNP-TV-Z]{26}\b")

Server = Literal["source", "store"]


@dataclass(frozen=True)
class Exchange:
    """A request and the relevant part of its response.

    Attributes:
        target: path and query.
        head: its headers, except those of the connection.
        response_ids: the ids in the response, in the order of `ids_of`.
        began: seconds on a common clock.
        ended: seconds on the same clock.
    """

    server: Server
    method: str
    target: str
    head: list[str]
    body: str
    response_ids: list[str]
    began: float
    ended: float

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True)
class Recording:
    """Exchanges in order of their begin.

    Attributes:
        urls: of the servers, without paths.
    """

    urls: dict[str, str]
    exchanges: list[Exchange]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Recording:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return cls(raw["urls"], [Exchange(**exchange) for exchange in raw["exchanges"]])


def ids_of(response: bytes) -> list[str]:
    """The ids in a response, in a fixed order: Medusa returns products in random order."""
    return [text for text in _texts(json.loads(response)) if ID.fullmatch(text)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name in sorted(value):
            yield from _texts(value[name])
    elif isinstance(value, list):
        for member in sorted(value, key=_external_id):
            yield from _texts(member)


def _external_id(value: Any) -> str:
    return str(value.get("external_id")) if isinstance(value, dict) else ""


def at_once(exchanges: Iterable[Exchange]) -> int:
    """The largest number of exchanges that were in progress at once."""
    events = [(moment, step) for each in exchanges for moment, step in ((each.began, 1), (each.ended, -1))]
    most = now = 0
    for _, step in sorted(events):
        now += step
        most = max(most, now)
    return most
