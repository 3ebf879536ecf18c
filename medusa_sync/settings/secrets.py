"""Secret values, and the secrets that URLs contain."""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_plus, urlsplit, urlunsplit

from medusa_sync.redact import MASK

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # of a name such as `accessToken` or `API_KEY`
_SECRET_WORD = re.compile(
    r"o?auth|authorization|credentials?|jwt|pass|passphrase|pwd|session|sessionid|sign?|"
    r".*(key|passwd|password|secret|signature|token)"
)
_URL = re.compile(r"(\w+://)(?:.*@)?([^\s/?#'\")]*)[^\s'\")]*", re.DOTALL)
_ASSIGNED = re.compile(r"(\b[A-Z]+_[A-Z_]+=)[^'\")]*")  # MEDUSA_API_KEY=sk_1234
_SHORTEST_TOKEN = 8  # characters
_WORDS = re.compile(r"[A-Za-z][a-z]*([-_, ][A-Za-z][a-z]*)*")  # not a token: for example a name


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
    parts = _split(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":") if parts else ("", "", "")
    return f"{unquote(user)}:{unquote(password)}" if user or password else None


def basic_authorization(url: str) -> str | None:
    """Return the Authorization header for the user and password of a URL; None if it has neither."""
    credentials = user_info(url)
    return None if credentials is None else "Basic " + b64encode(credentials.encode()).decode()


def without_user_info(url: str) -> str:
    parts = _split(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts else url


def public_part(source: str) -> str:
    """The part of a source that may be shown: of a URL, that without a password and a query."""
    parts = _split(source)
    if parts is None:
        return "standard input" if source == "-" else source
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_secrets(url: str) -> str:
    """Replace the user info of a URL, and the query values that are secrets; other texts stay as they are."""
    parts = _split(url)
    if parts is None:
        return MASK if "://" in url else url
    _, at, host = parts.netloc.rpartition("@")
    query = "&".join(map(_without_secret, parts.query.split("&")))
    return urlunsplit(parts._replace(netloc=f"{MASK}@{host}" if at else host, query=query))


def without_secret_arguments(message: str) -> str:
    """Replace what may be a secret in a message about arguments: all of a URL but its host, and values."""
    return _ASSIGNED.sub(rf"\1{MASK}", _URL.sub(r"\1\2/...", message))


def _split(url: str) -> SplitResult | None:
    """Split a URL; return None for a path, and for a URL that no request can use."""
    with suppress(ValueError):
        return urlsplit(url) if "://" in url else None
    return None


def _without_secret(parameter: str) -> str:
    name, _, value = parameter.partition("=")
    return f"{name}={MASK}" if value and _names_secret(unquote_plus(name)) else parameter


def _names_secret(name: str) -> bool:
    """Whether the value of a parameter is a secret. Azure has keys named `code`."""
    words = (word.lower() for word in _WORD.findall(name))
    return name.lower() == "code" or any(map(_SECRET_WORD.fullmatch, words))


def secrets_in(url: str) -> Iterator[str]:
    """Yield the password of a URL, and the query values whose names say that they are secrets."""
    if parts := _split(url):
        encoded, at, _ = parts.netloc.rpartition("@")
        if at:
            yield from _secrets_in_user_info(unquote(encoded))
        yield from (value for name, value in parse_qsl(parts.query) if _names_secret(name))


def secrets_in_authorization(value: str) -> Iterator[str]:
    """Yield the value of an Authorization header, and the parts that look like secrets."""
    yield value
    scheme, _, credentials = value.partition(" ")
    yield credentials.strip()
    yield from _tokens(map(_value, re.split(r"[\s,;]+", credentials)))
    if scheme.lower() == "basic":
        with suppress(ValueError):  # not base64, or not text
            yield from _secrets_in_user_info(b64decode(credentials).decode())


def _value(part: str) -> str:
    """The value of `name="value"`; all of a part that is none, without the padding of base64."""
    name, _, value = part.partition("=")
    return (value.strip('="') or name).strip('"')


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
