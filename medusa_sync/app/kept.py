"""Keeps the documents of runs that wrote something, in a folder for each store and source, and finds them."""

from __future__ import annotations

import gzip
import os
import re
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from msgspec import MsgspecError, Raw, Struct, json

from medusa_sync.app.state import own_folder, runs_folder
from medusa_sync.core.kept import KeptRun, RunName, TakenBack, last, matching
from medusa_sync.core.result import RunResult
from medusa_sync.errors import LockUnavailableError, SettingsError
from medusa_sync.report import file as files
from medusa_sync.report.json import json_parts
from medusa_sync.settings.options import OPTIONS, Settings

LAST = "last"

_OWNER = 0o600
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)-([0-9a-f]{8})\.json\.gz")
_ABANDONED_S = 24 * 60 * 60  # a file that a killed process has left unfinished
_LIST = "--undo list shows those that are kept."


class _Fields(Struct):
    fields: dict[str, Raw] = {}


class _Change(_Fields):
    variants: list[_Fields] = []


class Document(Struct):
    """What is read of a kept document."""

    took_back: TakenBack | None = None
    exit_code: int = 0
    counts: dict[str, int] = {}
    shard: str | None = None
    changes: list[_Change] = []

    @property
    def fields(self) -> Mapping[str, int]:
        """How many products have a change of each field, the most frequent first."""
        found = Counter[str]()
        for each in self.changes:
            found.update({name for part in (each, *each.variants) for name in part.fields})
        return dict(found.most_common())


class KeptRuns:
    """The kept runs of a store and a source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, settings: Settings) -> KeptRuns:
        """Those of the store and the source that the settings name.

        Raises:
            LockUnavailableError: the user has no folder for them.
        """
        return cls(runs_folder(settings))

    def keep(self, result: RunResult, most: int) -> None:
        """Write the document of a run, and remove the oldest ones, so that so many are left.

        Raises:
            OSError: it cannot be written.
        """
        own_folder(self.folder, create=True)
        started_at = result.started_at.astimezone(UTC)
        time_of = f"{started_at:%Y-%m-%dT%H-%M-%S}-{started_at.microsecond // 1000:03}Z"
        file = self.folder / f"{time_of}-{result.run_id}.json.gz"
        with files.replacing(file, mode=_OWNER) as stream:
            with gzip.GzipFile(fileobj=stream, mode="wb", filename="") as packed:
                for part in json_parts(result):
                    packed.write(part.encode())
            stream.flush()
            os.fsync(stream.fileno())  # it is the only way back
        for old in self._files()[:-most]:
            old.unlink(missing_ok=True)
        for left in self.folder.glob(".*.tmp"):
            with suppress(OSError):
                if left.stat().st_mtime < time.time() - _ABANDONED_S:
                    left.unlink()

    def runs(self) -> list[KeptRun]:
        """All of them, the oldest first. Of a damaged one, only the name is known.

        Raises:
            OSError: the folder cannot be read, or is not the user's own.
        """
        return [run for run, _ in self.rows()]

    def rows(self) -> Iterator[tuple[KeptRun, Document]]:
        """Yield each of them, the oldest first, with what is read of its document.

        Raises:
            OSError: as `runs` does.
        """
        for path in self._files():
            document = _read(path)
            took_back = document.took_back if document else None
            yield KeptRun(_named(path), took_back, is_damaged=document is None), document or Document()

    def path(self, run: KeptRun | RunName) -> Path:
        """The file of a run."""
        name = run.name if isinstance(run, KeptRun) else run
        return self.folder / f"{re.sub('[:.]', '-', name.started_at)}-{name.run_id}.json.gz"

    def find(self, text: str) -> Path:
        """The document of the run that `--undo` names.

        Raises:
            SettingsError: there is none, or more than one.
        """
        try:
            runs = self.runs()
        except OSError as error:
            raise _error(text, f"the folder {self.folder} cannot be used ({error.strerror})") from error
        if text == LAST:
            newest = last(runs)
            found = [newest] if newest else []
            # An older run would be undone in its place.
            unsure = [each for each in runs if each.is_damaged and (not newest or each.name > newest.name)]
            if unsure:
                raise _error(text, f"the document of the run {unsure[-1].name} is damaged; name another run")
        else:
            found = matching(runs, text)
        if not found:
            of = "of this store and source"
            what = f"no run {of} that could be undone" if text == LAST else f"no such run {of}"
            raise _error(text, f"{what} is kept in {self.folder}. {_LIST}")
        if len(found) > 1:
            names = ", ".join(str(each.name) for each in found)
            raise _error(text, f"it may be one of several runs: {names}; write the id of one")
        return self.path(found[0])

    def _files(self) -> list[Path]:
        try:
            own_folder(self.folder)
        except FileNotFoundError:
            return []
        return sorted(each for each in self.folder.iterdir() if _NAME.fullmatch(each.name))


def path_of(settings: Settings, named: str) -> str:
    """The path of the document that `--undo` names.

    Raises:
        SettingsError: no such run is kept.
        LockUnavailableError: the user has no folder for kept runs.
    """
    is_path = named.endswith((".json", ".json.gz"))
    return named if is_path else str(KeptRuns.of(settings).find(named))


def known_runs(settings: Settings) -> tuple[KeptRuns | None, Sequence[KeptRun]]:
    """The runs that are kept; none if they cannot be read: a document can be undone without them."""
    with suppress(OSError, LockUnavailableError):
        kept = KeptRuns.of(settings)
        return kept, kept.runs()
    return None, ()


def called(path: str) -> str:
    """What reports call the document of a run: by its run if it is a kept one, else by its path."""
    file = Path(path)
    return f"run {_named(file)}" if _NAME.fullmatch(file.name) else path


def content(path: Path) -> bytes:
    """The document in a file, which may be compressed.

    Raises:
        OSError: it cannot be read, or not to its end.
    """
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as stream:
            return stream.read()
    except (EOFError, zlib.error) as error:
        raise OSError(0, "it is damaged") from error


def _read(path: Path) -> Document | None:
    try:
        return json.decode(content(path), type=Document)
    except (OSError, MsgspecError, UnicodeError):
        return None


def _named(path: Path) -> RunName:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ValueError(f"{path} is no kept run")
    hour, minute, second, fraction, run_id = match.groups()
    return RunName(f"{hour}:{minute}:{second}.{fraction}", run_id)


def _error(text: str, problem: str) -> SettingsError:
    return SettingsError([f"{OPTIONS['undo'].spelling} {text!r}: {problem}"])
