"""Parsers of settings; each raises ValueError with what it expects."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import SplitResult, urlsplit, urlunsplit

from medusa_sync.core.policy import ConflictPolicy, OnConflict, PriceLimit, Share
from medusa_sync.settings.secrets import Secret

if TYPE_CHECKING:
    from medusa_sync.core.ids import Shard

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_IPV4 = re.compile(r"[0-9]+(\.[0-9]+){3}")
_HUNDRED = 100
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_CENTURY = 36_525 * _SECONDS["d"]
BATCH_SIZE = 50  # larger requests are hardly faster, and block the store for longer
STARTED_AT, SHARD = "{started_at}", "{shard}"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})

Choice = TypeVar("Choice", bound=str)


def text(value: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in value):  # as Python reads other bytes
        raise ValueError("it is not UTF-8")
    return _stripped(value)


def path(value: str) -> str:
    return expanded(_stripped(value))


def _stripped(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty")
    if "\0" in value:
        raise ValueError("it has a NUL character")
    return value.strip()


def switch(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered not in _TRUE | _FALSE:
        raise ValueError("expected true or false")
    return lowered in _TRUE


def secret(value: str) -> Secret:
    return Secret(text(value))


def api_key(value: str) -> Secret:
    key = text(value)
    if key.startswith("pk_"):
        raise ValueError(
            "it is a publishable key; create a secret key in the admin (Settings > Secret API Keys)"
        )
    if key.split()[0].lower().rstrip(":") in {"authorization", "basic", "bearer"}:
        raise ValueError("expected only the key (sk_...), without a scheme such as Bearer")
    return Secret(key)


def authorization(value: str) -> Secret:
    """Parse the value of a header."""
    header = text(value)
    if header.lower().startswith("authorization:"):
        raise ValueError("expected only the value of the header, without 'Authorization:'")
    if not re.fullmatch(r"[ -~]+", header):
        raise ValueError("expected the value of a header, such as 'Bearer ...': ASCII characters in one line")
    return Secret(header)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()) or not low <= int(value) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(value)

    return read


def batch_size(value: str) -> int:
    """Parse a number of products; `auto` is the default."""
    return BATCH_SIZE if value.strip().lower() == "auto" else whole_number(1, 1000)(value)


def seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value.strip()) or float(value) == 0:
        raise ValueError("expected a number of seconds above 0")
    return float(value)


def duration(value: str) -> float:
    """Parse seconds, or a number of minutes, hours, days or weeks, such as `7d`."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([smhdw]?)", value.strip().lower())
    found = float(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < found < _CENTURY:
        raise ValueError("expected a time above 0 and below 100 years, such as 7d, 12h, 30m or 90 (seconds)")
    return found


def choice(*choices: Choice) -> Callable[[str], Choice]:
    def read(value: str) -> Choice:
        for each in choices:
            if value.strip().lower() == each:
                return each
        raise ValueError(f"expected {' or '.join(choices)}")

    return read


def currency_code(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", value.strip()):
        raise ValueError("expected a three-letter ISO 4217 code such as usd")
    return value.strip().lower()


def slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,39}", value):
        raise ValueError("expected 1 to 40 lower-case letters, digits, '.', '-' or '_'")
    return value


def share(value: str) -> Share:
    """Parse a whole number, or a percentage such as `10%`."""
    number = value.strip().removesuffix("%")
    is_percentage = number != value.strip()
    pattern = r"[0-9]{1,3}(\.[0-9]{1,6})?" if is_percentage else r"[0-9]{1,9}(\.0{1,6})?"
    if not re.fullmatch(pattern, number) or (is_percentage and float(number) > _HUNDRED):
        raise ValueError("expected a number of products, or a percentage up to 100%")
    return Share(float(number), is_percentage)


def ids(value: str) -> frozenset[str]:
    """Parse ids, one in each line."""
    return frozenset(filter(None, map(str.strip, text(value).splitlines())))


def shard(value: str) -> Shard:
    """Parse the number of a shard and how many there are, such as `3/8`."""
    from medusa_sync.core.ids import Shard

    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", value.strip())
    return Shard(int(match[1]), int(match[2])) if match else Shard(0, 0)  # it says what it expects


def price_limit(value: str) -> PriceLimit | None:
    """Parse a percentage such as `50%`, which may be above 100%, or `none`."""
    if value.strip().lower() == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?%", value.strip()):
        raise ValueError("expected a percentage such as 50%, or none")
    return PriceLimit(float(value.strip().removesuffix("%")))


def field_names(value: str) -> frozenset[str]:
    """Parse the names of fields, separated by commas."""
    names = frozenset(_field_name(part) for part in _parts_of(value))
    if not names:
        raise ValueError("it is empty")
    return names


def image_hosts(value: str) -> frozenset[str]:
    """Parse names of hosts, separated by commas; `public` means all public ones."""
    hosts = frozenset(each.strip().lower().rstrip(".") for each in _parts_of(value))
    for host in hosts:
        parts = _parts(f"http://{host}")
        if parts is None or parts.hostname != host.strip("[]") or parts.port is not None:
            raise ValueError(f"expected public, or names of hosts such as shop.example.com, not {host!r}")
    if not hosts:
        raise ValueError("it is empty")
    return frozenset(host.strip("[]") for host in hosts)


def conflict_policy(value: str) -> ConflictPolicy:
    """Parse who wins a conflict: `source` or `store` for all fields, and `FIELD=source` or `FIELD=store`."""
    sides: dict[str, OnConflict] = {}  # the one for all fields has no name
    for part in _parts_of(value):
        name, equals, side = part.partition("=")
        wanted = (side if equals else part).strip().lower()
        if wanted not in set(OnConflict):
            raise ValueError(f"expected source or store, or FIELD=source or FIELD=store, not {part!r}")
        if sides.setdefault(_field_name(name) if equals else "", OnConflict(wanted)) != wanted:
            fields = f"sides for the field {name.strip()!r}" if equals else "source and store for all fields"
            raise ValueError(f"it has both {fields}")
    if not sides:
        raise ValueError("it is empty")
    return ConflictPolicy(sides.pop("", OnConflict.SOURCE), sides)


def _parts_of(value: str) -> list[str]:
    """The parts of a list with commas, without empty ones."""
    return [part for each in value.split(",") if (part := each.strip())]


def _field_name(text: str) -> str:
    """Parse the name of a field; what is after a dot is case-sensitive, except in prices and locales."""
    from medusa_sync.core.fields import FIELDS, NAMES, VARIANT_FIELDS
    from medusa_sync.core.kinds.metadata import METADATA
    from medusa_sync.core.kinds.stock import OTHER_STOCK
    from medusa_sync.core.kinds.texts import TRANSLATION, canonical_locale

    head, dot, key = text.strip().partition(".")
    head = head.lower()
    if head not in NAMES:
        raise ValueError(f"there is no field {text.strip()!r}; the fields are {', '.join(NAMES)}")
    first, *rest = key.split(".")
    if f"{head}." == TRANSLATION:
        first = canonical_locale(first)
    elif f"{head}." not in (METADATA, OTHER_STOCK):
        first, *rest = key.lower().split(".")
    name = ".".join([f"{head}{dot}{first}", *rest])
    if dot and not (FIELDS.knows(name) or VARIANT_FIELDS.knows(name)):
        raise ValueError(f"there is no field {text.strip()!r}; {head!r} has no parts")
    return name


def schedule(value: str) -> str:
    """Parse a cron expression; whether it is valid does not depend on the time zone."""
    from medusa_sync.schedule import Schedule

    return Schedule.read(value, UTC).expression


def timezone(value: str) -> str:
    from medusa_sync.schedule import time_zone

    time_zone(value.strip())
    return value.strip()


def store_url(value: str) -> str:
    url = _url(value, "http://localhost:9000", may_have_query=False, may_have_credentials=False)
    for page in ("/admin", "/app"):
        if url.endswith(page):
            raise ValueError(f"expected the backend without {page!r}: {url.removesuffix(page)}")
    return url


def expanded(value: str) -> str:
    """Expand `~`, because no shell expands it in `.env`."""
    return os.path.expanduser(value)  # noqa: PTH111 - pathlib raises if there is no home directory


def file_ending(*endings: str, any_case: bool = False) -> Callable[[str], str]:
    def read(value: str) -> str:
        name = value.strip().lower() if any_case else value.strip()
        if not name.endswith(endings):
            raise ValueError(f"expected a name that ends in {' or '.join(endings)}")
        return path(value)

    return read


def undone_run(value: str) -> str:
    """Parse what names the run that is undone: `last`, its id or time, or a file; `list` shows all."""
    text = value.strip()
    if text.endswith((".json", ".json.gz")):
        return path(text)
    is_time = r"\d{4}-\d\d-\d\d([T _]\d\d(:\d\d(:\d\d)?)?)?Z?"
    if not re.fullmatch(rf"last|list|[0-9a-f]{{8}}|{is_time}", text):
        raise ValueError(
            "expected last, list, the id of a run, its time in UTC such as 2026-11-29T21:50, or a JSON "
            "document that ends in .json"
        )
    return text


def report(value: str) -> str:
    """Parse the path of a report, which may have `STARTED_AT` and `SHARD` in the name of the file."""
    name = file_ending(".json", ".csv", ".html", ".md", any_case=True)(value)
    for placeholder in re.findall(r"{\w+}", name):
        if placeholder not in {STARTED_AT, SHARD}:
            raise ValueError(f"{placeholder} is not known; the placeholders are {STARTED_AT} and {SHARD}")
        if placeholder in name.rpartition("/")[0]:
            raise ValueError(f"expected {placeholder} in the name of the file, not of a folder")
    return name


def source(value: str) -> str:
    """Parse a URL, which may contain `user:password@` and is not changed, or a path."""
    if "://" not in value:
        return path(value)
    if not is_http(value.strip()):
        from medusa_sync.plug_ins import plug_in

        plug_in(value.strip())
        urlsplit(value.strip())  # it can be split
    elif _parts(value.strip()) is None:
        example = "https://dummyjson.com/products, with %20 for each space"
        raise ValueError(f"expected a URL such as {example}, or the path of a file")
    return value.strip()


def is_http(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _url(value: str, example: str, *, may_have_query: bool = True, may_have_credentials: bool = True) -> str:
    """Parse an HTTP or HTTPS URL, and remove slashes at the end of its path."""
    if not may_have_query and ("?" in value or "#" in value):
        raise ValueError("expected a URL without '?' or '#'")
    parts = _parts(value.strip())
    if parts is None:
        raise ValueError(f"expected a URL such as {example}")
    if not may_have_credentials and "@" in parts.netloc:
        raise ValueError("expected a URL without a user name or password")
    return urlunsplit(parts._replace(path=parts.path.rstrip("/")))


ping_url = partial(_url, example="https://hc-ping.com/your-uuid", may_have_credentials=False)
webhook = partial(_url, example="https://shop.example.com/api/changes", may_have_credentials=False)
gateway = partial(_url, example="http://localhost:9091", may_have_query=False)


def _parts(url: str) -> SplitResult | None:
    """Split a URL; return None if no request can be sent to it."""
    if any(character.isspace() or not character.isprintable() for character in url):
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:  # invalid port, IPv6 address or international name
        return None
    return parts if usable else None


def _is_host(name: str) -> bool:
    if ":" in name or _IPV4.fullmatch(name):
        return bool(ip_address(name))
    if not name.isascii() or name.startswith("xn--"):
        import idna

        name = idna.encode(name).decode()
        idna.decode(name)
    return _HOST.fullmatch(name) is not None
