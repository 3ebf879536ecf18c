"""Reads the workbook in a compound file, which .xls files are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import unpack, unpack_from
from typing import IO

_LAST = 0xFFFFFFFA  # numbers from here on are no sectors
_ENTRY = 128  # bytes of an entry of the directory


def workbook(file: IO[bytes]) -> bytes:
    """The stream with the records of all sheets.

    Raises:
        ValueError: there is none, or the file is damaged.
    """
    file.seek(0)
    data = file.read()
    size, small_size = (1 << each for each in unpack_from("<HH", data, 30))
    first_directory, _, cutoff, first_small, _, first_more = unpack_from("<6I", data, 48)

    def sectors(numbers: Iterator[int]) -> bytes:
        return b"".join(data[(number + 1) * size : (number + 2) * size] for number in numbers)

    of_table = [*unpack_from("<109I", data, 76)]
    while first_more < _LAST and len(of_table) * size <= len(data) + 109 * size:
        *more, first_more = _numbers(sectors(iter([first_more])))
        of_table += more
    table = _numbers(sectors(number for number in of_table if number < _LAST))
    directory = sectors(_chain(table, first_directory))
    entries = [directory[at : at + _ENTRY] for at in range(0, len(directory), _ENTRY)]
    for entry in entries:
        name = entry[: max(unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le", "replace")
        if name.lower() not in {"workbook", "book"}:
            continue
        start, length = unpack_from("<II", entry, 116)
        if length >= cutoff:
            return sectors(_chain(table, start))[:length]
        small = sectors(_chain(table, unpack_from("<I", entries[0], 116)[0]))
        small_table = _numbers(sectors(_chain(table, first_small)))
        parts = (small[at * small_size : (at + 1) * small_size] for at in _chain(small_table, start))
        return b"".join(parts)[:length]
    raise ValueError("it has no workbook")


def _numbers(data: bytes) -> Sequence[int]:
    return unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _chain(table: Sequence[int], number: int) -> Iterator[int]:
    """The sectors of a stream; a chain that does not end is damaged."""
    for _ in range(len(table) + 1):
        if number >= _LAST:
            return
        yield number
        number = table[number]
    raise ValueError("its sectors do not end")
