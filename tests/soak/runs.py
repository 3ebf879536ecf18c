"""Runs of the installed command with output in files, which are kept for debugging."""

import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.harness.command import COMMAND, Finished, environment
from tests.harness.medusa import Store
from tests.world.exact import flaws

RUN_ENDS_WITHIN_S = 240


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

    @cached_property
    def result(self) -> Finished:
        """What it printed and logged, once it has ended."""
        return Finished(self.exit_code, self.output.read_text(), self.log.read_text(errors="replace"))

    @property
    def document(self) -> dict[str, Any] | None:
        """The document of `--json`, or None if the run was killed."""
        return self.result.document if self.result.stdout.strip() else None

    def flaws(self) -> list[str]:
        """Problems of a run that no disturbance explains."""
        expected = {0, 3, 4, 5, 130, 143, -signal.SIGKILL, -signal.SIGTERM}
        found = flaws(self.result)
        return found if self.exit_code in expected else [*found, f"its exit code is {self.exit_code}"]

    def conflicts(self, *, alone: bool) -> list[tuple[str, str, str]]:
        """The external id, the name of the variant if there is one, and the field.

        Medusa does not read a product and its variants at one moment, so a run that is not alone may see the
        SKU that another one has just freed, but not its note.
        """
        return [
            (change["external_id"], conflict.get("variant", ""), conflict["field"])
            for change in (self.document or {}).get("changes", ())
            for conflict in change.get("conflicts", ())
            if alone or conflict["store"] is not None or conflict["field"] not in {"sku", "barcode"}
        ]

    def __str__(self) -> str:
        counts = self.result.counts if self.document else "no document"
        took = time.monotonic() - self.begin
        return f"exit {self.exit_code}, {counts}, {took:.1f} s, {self.log.name}"


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
