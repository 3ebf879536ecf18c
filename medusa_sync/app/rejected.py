"""Remembers which products the last run rejected, so that the next one can say which are new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from msgspec import MsgspecError, Struct, json, structs

from medusa_sync.app.state import own_folder, runs_folder
from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.result import RunResult
from medusa_sync.errors import LockUnavailableError
from medusa_sync.report import file as files
from medusa_sync.settings.options import Settings

_OWNER = 0o600


class _Memory(Struct, frozen=True):
    """What the last run left.

    Attributes:
        rejected: digests of the products, in their order.
        last_new: Unix time at which a run had new ones; 0 if none had.
    """

    rejected: tuple[str, ...] = ()
    last_new: float = 0


def with_new_rejected(result: RunResult, settings: Settings) -> RunResult:
    """The result of a run with how many of its rejected products are new, which the next run has to know.

    If they cannot be remembered, all of them are new in each run.
    """
    file = _file(settings)
    before = _read(file)
    rejected = {*_digests(result.problems)}
    new = len(rejected.difference(before.rejected))
    # A run that ended early, or that reads a part, has not seen the others.
    is_whole = not result.error and settings.limit is None and settings.product is None
    known = rejected if is_whole else rejected.union(before.rejected)
    now = result.started_at.timestamp() + result.duration_s
    after = _Memory(tuple(sorted(known)), now if new else before.last_new)
    if file is not None and after != before:
        with suppress(OSError):  # the number of the next run is too high
            own_folder(file.parent, create=True)
            with files.replacing(file, mode=_OWNER) as stream:
                stream.write(json.encode(after))
    return structs.replace(result, new_rejected=new, last_new_rejected=after.last_new)


def _file(settings: Settings) -> Path | None:
    part = f"-{settings.shard.number}-of-{settings.shard.count}" if settings.shard else ""
    with suppress(LockUnavailableError):
        return runs_folder(settings) / f"rejected{part}.json"
    return None


def _read(file: Path | None) -> _Memory:
    with suppress(OSError, MsgspecError, UnicodeError):
        if file is not None:
            own_folder(file.parent)
            return json.decode(file.read_bytes(), type=_Memory)
    return _Memory()


def _digests(problems: Iterable[Outcome]) -> Iterator[str]:
    for each in problems:
        if each.result is Result.REJECTED:
            name = each.external_id or f"{each.title}\n{each.reason}"
            yield blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
