"""Hides secrets in the arguments of this process, which all users of a machine can read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from medusa_sync.settings.load import Flags
from medusa_sync.settings.options import ALL_OPTIONS

_PROCESS = Path("/proc/self")
_START = 45  # of the fields behind the name in /proc/self/stat: the address of the arguments


def hide_secrets(flags: Flags) -> None:
    """Overwrite the values of flags that have secrets, such as a URL with a password, with stars.

    Linux shows the memory in which a process got its arguments, so writing there changes what `ps` prints.
    Elsewhere, or if it is not permitted, they stay as they are.
    """
    hidden: list[tuple[bytes, bytes]] = []
    for option in ALL_OPTIONS:
        text = flags.get(option.name)
        if isinstance(text, str) and (masked := option.masked(text)) != text:
            hidden.append((os.fsencode(text), os.fsencode(masked)))
    if not hidden:
        return
    with suppress(OSError, ValueError, IndexError):
        before = after = (_PROCESS / "cmdline").read_bytes()
        for given, stars in hidden:
            after = after.replace(given, stars.ljust(len(given), b"*")[: len(given)])  # the size is fixed
        _, _, fields = (_PROCESS / "stat").read_bytes().rpartition(b")")
        with (_PROCESS / "mem").open("r+b", buffering=0) as memory:
            memory.seek(int(fields.split()[_START]))
            if memory.read(len(before)) == before:
                memory.seek(-len(before), os.SEEK_CUR)
                memory.write(after)
