"""Secret values, and the secrets that URLs contain."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

_SECRET_NAME = re.compile(r"auth|code|cred|key|pass|secret|session|sig|token", re.IGNORECASE)
_SHORTEST_TOKEN = 8  # characters
_WORDS = re.compile(r"[a-z]+([-_, ][a-z]+)*")  # not a token: for example the name of a category


class Secret:
    """A text that its representation does not show."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"


def secrets_in(url: str) -> Iterator[str]:
    """Yield the password of a URL, and the query values that look like secrets."""
    if "://" not in url:  # a file
        return
    try:
        parts = urlsplit(url)
    except ValueError:  # a proxy setting that no request can use
        return
    user_info, at, _ = parts.netloc.rpartition("@")
    if at:
        user, _, password = user_info.partition(":")
        yield unquote(password or user)
    query = parse_qsl(parts.query)
    yield from (value for name, value in query if _SECRET_NAME.search(name))
    yield from _tokens(value for _, value in query)


def secrets_in_ping_url(url: str) -> Iterator[str]:
    """Yield the URL and its path: anyone who knows them can ping."""
    yield url
    yield from secrets_in(url)
    yield from _tokens([urlsplit(url).path.strip("/")])


def proxies() -> Iterator[str]:
    """Yield the proxy URLs of the environment; a proxy may be given without its scheme."""
    for name, value in os.environ.items():
        if name.lower().endswith("_proxy"):
            yield value if "://" in value else f"http://{value}"


def _tokens(values: Iterable[str]) -> Iterator[str]:
    return (value for value in values if len(value) >= _SHORTEST_TOKEN and not _WORDS.fullmatch(value))
