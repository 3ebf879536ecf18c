"""Runs of the installed command with output in files, which are kept for debugging."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.command import COMMAND, environment
from tests.harness.documents import read_document
from tests.harness.medusa import Store

RUN_ENDS_WITHIN_S = 240
_OUTCOMES = ("created", "updated", "unchanged", "rejected", "failed", "unconfirmed", "not_attempted")


@dataclass
class Run:
    """A running or finished command."""

    process: subprocess.Popen[bytes]
    output: Path
    log: Path
    begin: float

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def exit_code(self) -> int:
        return self.process.wait()

    @property
    def is_late(self) -> bool:
        return not self.has_ended and time.monotonic() - self.begin > RUN_ENDS_WITHIN_S

    def send(self, number: signal.Signals) -> None:
        if not self.has_ended:
            self.process.send_signal(number)

    @property
    def document(self) -> dict[str, Any] | None:
        """The document of `--json`, or None if the run was killed."""
        text = self.output.read_text()
        return read_document(text) if text.strip() else None

    def flaws(self) -> list[str]:
        """Problems of a run that no disturbance explains."""
        found = []
        if "Traceback" in self.log.read_text(errors="replace"):
            found.append("it wrote a traceback")
        if self.exit_code not in {0, 3, 4, 5, 130, 143, -signal.SIGKILL, -signal.SIGTERM}:
            found.append(f"its exit code is {self.exit_code}")
        document = self.document
        if document is not None:
            total = sum(document["counts"].get(name, 0) for name in _OUTCOMES)
            seen = document["source"]["seen"]
            if total != seen:
                found.append(f"it has {total} outcomes but saw {seen} products")
            was_killed = (self.exit_code or 0) < 0  # possibly after writing the document
            if document["exit_code"] != self.exit_code and not was_killed:
                found.append(f"its document says {document['exit_code']}, its exit code is {self.exit_code}")
        return found

    def conflicts(self, *, alone: bool) -> list[tuple[str, str, str]]:
        """The external id, the name of the variant if there is one, and the field.

        Args:
            alone: there was no other run. Medusa does not read a product and its variants at one moment, so a
                run may see the SKU that another one has just freed, but not its note.
        """
        return [
            (change["external_id"], conflict.get("variant", ""), conflict["field"])
            for change in (self.document or {}).get("changes", ())
            for conflict in change.get("conflicts", ())
            if alone or conflict["store"] is not None or conflict["field"] not in {"sku", "barcode"}
        ]

    def __str__(self) -> str:
        document = self.document or {}
        counts = {name: count for name, count in document.get("counts", {}).items() if count}
        took = time.monotonic() - self.begin
        return f"exit {self.exit_code}, {counts or 'no document'}, {took:.1f} s, {self.log.name}"


def start(arguments: Sequence[str], store: Store, output: Path, *, with_key: bool) -> Run:
    """Start `medusa-sync products`; stdout goes to `output`, the log to a file beside it."""
    log = output.with_suffix(".log")
    variables = environment(store)
    if not with_key:
        variables |= {"MEDUSA_API_KEY": "", "MEDUSA_EMAIL": store.email, "MEDUSA_PASSWORD": store.password}
    with output.open("wb") as stdout, log.open("wb") as stderr:
        process = subprocess.Popen(
            [COMMAND, "products", "--json", "--verbose", *arguments],
            env=variables,
            cwd=output.parent,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    return Run(process, output, log, time.monotonic())
