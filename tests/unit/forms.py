"""The forms in which a server may send a secret back."""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus

import msgspec


def in_ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def basic(text: str) -> str:
    return b64encode(f"{text}:".encode()).decode()


def basic_password(text: str) -> str:
    return b64encode(f"somebody:{text}".encode()).decode()


FORMS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "path": quote,
    "query": quote_plus,
    "URL in a query": lambda text: quote_plus(quote_plus(text)),
    "lower-case percent": lambda text: re.sub(
        "%[0-9A-F]{2}", lambda match: match[0].lower(), quote(text, safe="")
    ),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "JSON": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "ASCII JSON": in_ascii_json,
    "upper-case JSON": lambda text: re.sub(
        r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), in_ascii_json(text)
    ),
    "JSON with \\/": lambda text: in_ascii_json(text).replace("/", "\\/"),
    "JSON without markup": lambda text: re.sub(
        "[<>&']", lambda match: f"\\u{ord(match[0]):04x}", in_ascii_json(text)
    ),
    "msgspec": lambda text: msgspec.json.encode(text).decode()[1:-1],
    "HTML": html.escape,
    "Basic user": basic,
    "Basic password": basic_password,
    # at the other two positions that bytes can have in base64
    "Basic password of you": lambda text: b64encode(f"you:{text}".encode()).decode(),
    "Basic password of root": lambda text: b64encode(f"root:{text}".encode()).decode(),
    "URL-safe base64": lambda text: urlsafe_b64encode(f"{text}:".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "upper-case hexadecimal": lambda text: text.encode().hex().upper(),
    "hexadecimal with colons": lambda text: text.encode().hex(":"),
    "hexadecimal bytes": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "every byte in percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "every byte escaped": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
}
