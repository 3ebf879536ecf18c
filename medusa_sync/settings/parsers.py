"""How each kind of setting is read from its text; each reader raises ValueError with what is expected."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from medusa_sync.core.policy import Share

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_IPV4 = re.compile(r"[0-9]+(\.[0-9]+){3}")
_HUNDRED = 100
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


class Secret:
    """A text that never shows itself in a representation or a traceback of values."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"


def text(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty")
    return value.strip()


def switch(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("expected true or false")


def secret(value: str) -> Secret:
    return Secret(text(value))


def api_key(value: str) -> Secret:
    key = text(value)
    if key.startswith("pk_"):
        raise ValueError(
            "it is a publishable key; make a secret one in the admin (Settings > Secret API Keys)"
        )
    if key.split()[0].lower().rstrip(":") in {"authorization", "basic", "bearer"}:
        raise ValueError("expected the key alone (sk_...), without the name of a scheme such as Bearer")
    return Secret(key)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()) or not low <= int(value) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(value)

    return read


def seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value.strip()) or float(value) == 0:
        raise ValueError("expected a number of seconds above 0")
    return float(value)


def choice(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError(f"expected {' or '.join(choices)}")
        return value.strip().lower()

    return read


def currency_code(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", value.strip()):
        raise ValueError("expected an ISO 4217 code of three letters, such as usd")
    return value.strip().lower()


def slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,39}", value):
        raise ValueError("expected up to 40 lower-case letters, digits, '.', '-' or '_'")
    return value


def share(value: str) -> Share:
    """A number, or a percentage such as `10%`."""
    number = value.strip().removesuffix("%")
    is_percentage = number != value.strip()
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", number) or (is_percentage and float(number) > _HUNDRED):
        raise ValueError("expected a number of products, or a percentage up to 100%")
    return Share(float(number), is_percentage)


def schedule(value: str) -> str:
    """A cron expression; the zone plays no part in whether it is one."""
    from medusa_sync.schedule import Schedule

    return Schedule.read(value, UTC).expression


def timezone(value: str) -> str:
    from medusa_sync.schedule import time_zone

    time_zone(value.strip())
    return value.strip()


def web_address(value: str) -> str:
    """An address of http or https without credentials; a slash at the end of its path is taken off."""
    parts = _parts(value.strip())
    if parts is None:
        raise ValueError("expected an address such as http://localhost:9000")
    if "@" in parts.netloc:
        raise ValueError("an address must not hold a user name or password")
    return urlunsplit(parts._replace(path=parts.path.rstrip("/")))


def store_url(value: str) -> str:
    if "?" in value or "#" in value:
        raise ValueError("expected the address alone, without '?' or '#'")
    url = web_address(value)
    for page in ("/admin", "/app"):
        if url.endswith(page):
            raise ValueError(f"leave out {page!r}: expected the backend itself, {url.removesuffix(page)}")
    return url


def expanded(value: str) -> str:
    """With the home in place of `~`, which no shell expands in `.env`."""
    return os.path.expanduser(value)  # noqa: PTH111 - pathlib raises where there is no home


def path(value: str) -> str:
    return expanded(text(value))


def file_ending(*endings: str, any_case: bool = False) -> Callable[[str], str]:
    def read(value: str) -> str:
        name = value.strip().lower() if any_case else value.strip()
        if not name.endswith(endings):
            raise ValueError(f"expected a name that ends in {' or '.join(endings)}")
        return path(value)

    return read


def source(value: str) -> str:
    """A URL, or the path of a file."""
    return web_address(value) if "://" in value else path(value)


def _parts(url: str) -> SplitResult | None:
    """The parts of an address that can be asked; None for any other text."""
    if any(character.isspace() or not character.isprintable() for character in url):
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:  # of a port, an IPv6 address, or a name that IDNA does not know
        return None
    return parts if usable else None


def _is_host(name: str) -> bool:
    if ":" in name:
        return bool(ip_address(name))
    if _IPV4.fullmatch(name):
        return bool(ip_address(name))
    if not name.isascii() or name.startswith("xn--"):
        import idna

        name = idna.encode(name).decode()
        idna.decode(name)
    return _HOST.fullmatch(name) is not None
