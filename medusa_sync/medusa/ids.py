"""Ids that this tool gives to what it creates."""

from __future__ import annotations

import secrets
import time
from hashlib import blake2b

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of ULIDs


def new_id(prefix: str) -> str:
    """An id like those of Medusa, with a prefix such as `ptag`: ids that are created later sort after it."""
    return f"{prefix}_{_letters((round(time.time() * 1000) << 80) | secrets.randbits(80))}"


def own_id(prefix: str, *parts: str) -> str:
    """An id that follows from what it is for: two runs cannot create the same thing twice.

    It sorts before the ids of Medusa, which begin with the time.
    """
    digest = blake2b("\0".join(parts).encode(), digest_size=10).digest()
    return f"{prefix}_{_letters(int.from_bytes(digest))}"


def _letters(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
