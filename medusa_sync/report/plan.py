"""Writes the plan of a dry run to a file, to be approved and carried out."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryFile

from msgspec import structs

from medusa_sync.core.approval import as_saved
from medusa_sync.core.result import Planned, RunResult
from medusa_sync.report.file import OTHER_FILE, replacing, writing
from medusa_sync.settings.options import Settings
from medusa_sync.sources.plan import Header, checksum_of
from medusa_sync.spool import Spool

_OWNER = 0o600  # what nobody else may read


def save_plan(result: RunResult, settings: Settings, path: str) -> None:
    """Write a plan; the same input gives the same bytes. `-` is standard output.

    Raises:
        ReportError: it cannot be written; an existing file stays as it is.
    """
    plan = result.plan or Planned(Spool(), {})
    header = Header(
        store=settings.medusa_url,
        source_name=settings.source_name,
        source=result.source_url,
        settings=settings.of_plan(),
        counts=Counter(action for _, action, _ in plan.lines),
        category_names=plan.category_names,
        refused=result.error.partition("\n")[0],
        undone=result.took_back.run_id if result.took_back else "",
    )
    failure = f"The plan {path!r} was not written"
    with writing(failure, OTHER_FILE.format("--save-plan")), TemporaryFile() as texts:
        for _, _, line in plan.lines.sorted(itemgetter(0)):
            texts.write(line + b"\n")
        texts.seek(0)
        start = as_saved(structs.replace(header, checksum=checksum_of(header, texts))) + b"\n"
        texts.seek(0)
        if path == "-":
            sys.stdout.buffer.write(start)
            shutil.copyfileobj(texts, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        with replacing(Path(os.path.realpath(path)), mode=_OWNER) as file:
            file.write(start)
            shutil.copyfileobj(texts, file)
