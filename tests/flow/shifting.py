"""APIs whose products move between pages while these are read."""

from collections.abc import Callable
from typing import Any

from tests.harness.dummyjson import DummyJson, Request, Response

Rows = list[dict[str, Any]]
Respond = Callable[[Rows, Request], Response]
Move = Callable[[Rows], Rows]

PAGE = 10  # products
TWICE = "The source was read twice"
NOT_FOUND = Response.html("<!doctype html><h1>Not Found</h1>", 404)


def cut(rows: Rows, request: Request) -> Rows:
    """A page by `skip`, or by `from` if an earlier page named it."""
    start = int(request.query.get("from", request.query.get("skip", "0")))
    return rows[start : start + PAGE]


def by_skip(rows: Rows, request: Request) -> Response:
    return Response.json({"data": cut(rows, request)})


def by_next(rows: Rows, request: Request) -> Response:
    start = int(request.query.get("from", "0")) + PAGE
    following = f"?from={start}" if start < len(rows) else None
    return Response.json({"items": cut(rows, request), "next": following})


def dummyjson_without_addresses(rows: Rows, request: Request) -> Response:
    """Pages of the form of DummyJSON's, from a server that has nothing else."""
    if request.path != "/products":
        return NOT_FOUND
    return Response.json({"products": cut(rows, request), "total": len(rows)})


def with_json_for_every_path(rows: Rows, request: Request) -> Response:
    """The same, but the server has a message for paths that it does not know."""
    if request.path != "/products":
        return Response.json({"detail": "Not Found"}, 404)
    return dummyjson_without_addresses(rows, request)


def as_dummyjson(rows: Rows, request: Request) -> Response:
    """The same, and products have addresses."""
    number = request.path.rpartition("/")[2]
    product = next((row for row in rows if str(row["id"]) == number), None)
    return with_json_for_every_path(rows, request) if product is None else Response.json(product)


FORMS = (by_skip, by_next, dummyjson_without_addresses, as_dummyjson)


class Shop:
    """A catalogue that changes while it is read: each move comes after the first page of a reading."""

    def __init__(self, server: DummyJson, rows: Rows, respond: Respond, *moves: Move | Response) -> None:
        self.readings = 0
        self._rows = self._now = rows
        self._respond = respond
        self._moves = moves
        self.url = server.url
        server.intercept = self._answer

    def _answer(self, request: Request) -> Response:
        if request.path == "/products" and request.query.get("skip") == "0":
            self.readings += 1
            self._now = self._rows
            return self._respond(self._now, request)
        move = self._moves[self.readings - 1] if self.readings <= len(self._moves) else None
        if isinstance(move, Response):
            return move
        if move is not None and self._now is self._rows:
            self._now = move(self._rows)
        return self._respond(self._now, request)


def the_same(rows: Rows) -> Rows:
    return list(rows)
