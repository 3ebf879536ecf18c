"""Secret values, and the secrets that URLs contain."""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

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


def user_info(url: str) -> str | None:
    """Return `user:password` of a URL, decoded; None if it has neither."""
    if "://" not in url:
        return None
    encoded, _, _ = urlsplit(url).netloc.rpartition("@")
    user, _, password = encoded.partition(":")
    return f"{unquote(user)}:{unquote(password)}" if user or password else None


def basic_authorization(url: str) -> str | None:
    """Return the Authorization header for the user and password of a URL; None if it has neither."""
    credentials = user_info(url)
    return None if credentials is None else "Basic " + b64encode(credentials.encode()).decode()


def without_user_info(url: str) -> str:
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def secrets_in(url: str) -> Iterator[str]:
    """Yield the password of a URL, and the query values that look like secrets."""
    if "://" not in url:  # a file
        return
    try:
        parts = urlsplit(url)
    except ValueError:  # a proxy setting that no request can use
        return
    encoded, at, _ = parts.netloc.rpartition("@")
    if at:
        yield from _secrets_in_user_info(unquote(encoded))
    query = parse_qsl(parts.query)
    yield from (value for name, value in query if _SECRET_NAME.search(name))
    yield from _tokens(value for _, value in query)


def secrets_in_authorization(value: str) -> Iterator[str]:
    """Yield the value of an Authorization header, and the parts that look like secrets."""
    yield value
    scheme, _, credentials = value.partition(" ")
    yield credentials.strip()
    yield from _tokens(re.split(r'[\s,;="]+', credentials))
    if scheme.lower() == "basic":
        with suppress(ValueError):  # not base64, or not text
            yield from _secrets_in_user_info(b64decode(credentials).decode())


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


def _secrets_in_user_info(user_info: str) -> Iterator[str]:
    user, _, password = user_info.partition(":")
    yield from (user_info, password) if password else (user,)
    yield from _tokens([user])  # some services expect a key as the user, and any password


def _tokens(values: Iterable[str]) -> Iterator[str]:
    return (value for value in values if len(value) >= _SHORTEST_TOKEN and not _WORDS.fullmatch(value))
