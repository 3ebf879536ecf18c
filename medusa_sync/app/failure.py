"""Reports a failure that has no result of a run: a wrong setting, a bug, a second signal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from medusa_sync.core.result import Requests, RunResult, Status
from medusa_sync.errors import InterruptedRunError, MedusaSyncError
from medusa_sync.report.output import discard_unwritten, output_to, print_error, printing
from medusa_sync.settings.load import Flags, valid_settings
from medusa_sync.settings.options import Settings


def refuse(flags: Flags, error: MedusaSyncError) -> int:
    """Print why no run begins, and the document of `--json`; return the exit code."""
    print_error(str(error), error.hint, output_to(sys.stderr))
    print_document(flags, error)
    return error.exit_code


def print_document(flags: Flags, error: MedusaSyncError) -> None:
    """Print the document of a run that does not begin, if `--json` is set."""
    settings = valid_settings(flags)
    if not settings.json:
        return
    from medusa_sync.report.json import print_json  # the types of the document take a while

    out = output_to(sys.stdout)
    with discard_unwritten(out):
        try:
            with printing("The result was", out):
                print_json(failed(error, settings), out)
        except MedusaSyncError as unwritten:
            print_error(str(unwritten), unwritten.hint, output_to(sys.stderr))


def failed(error: MedusaSyncError, settings: Settings) -> RunResult:
    """The result of a run that did nothing but fail."""
    return RunResult(
        job=settings.job_name,
        shard=settings.shard,
        dry_run=settings.dry_run,
        status=Status.INTERRUPTED if isinstance(error, InterruptedRunError) else Status.FAILED,
        exit_code=error.exit_code,
        started_at=datetime.now(UTC),
        duration_s=0,
        source_url="",
        source_format="",
        source_total=None,
        seen=0,
        store_url=None,
        store=None,
        counts={},
        conflicts=0,
        not_compared=0,
        requests=Requests(),
        problems=(),
        not_completed=(),
        changes=(),
        notes=(),
        error=str(error),
        hint=error.hint,
    )
