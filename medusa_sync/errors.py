"""One tree of exceptions; each class carries the exit code of the command and advice on what to do next."""

from __future__ import annotations

from collections.abc import Mapping

EXIT_UNEXPECTED = 1
EXIT_PARTIAL = 5
EXIT_CHANGES = 7
EXIT_SIGNAL = 128  # plus the number of the signal, as a shell reports it
EXIT_CODES: Mapping[int, str] = {
    0: "Done: every valid product is in the store, or (`--dry-run`) the plan is complete.",
    EXIT_UNEXPECTED: "Unexpected: a defect of medusa-sync.",
    2: "Usage: a setting is wrong, or names what the store does not have; or a result cannot be written.",
    3: "The source is unavailable, malformed, or ended short of its own total.",
    4: "The store is unreachable, or refuses the credentials.",
    EXIT_PARTIAL: "Partial: products are rejected, failed or unconfirmed, or `--max-duration` ended the run.",
    6: "Removal guard: more products are missing at the source than `--max-removals` allows.",
    EXIT_CHANGES: "Something to do: only for a dry run with `--exit-code`.",
    75: "Another run of the same job for the same store and source holds the lock; nothing was done.",
    130: "Interrupted by SIGINT (Ctrl-C); 143 by SIGTERM. The next run completes the work.",
}


class MedusaSyncError(Exception):
    """Anything that a user, a server or a catalogue can cause.

    Attributes:
        exit_code: what the command exits with when this ends a run.
        hint: what to do next, in one sentence.
    """

    exit_code: int = EXIT_UNEXPECTED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(MedusaSyncError):
    """One or more settings are wrong; all of them are told at once."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        count = "A setting is wrong" if len(problems) == 1 else f"{len(problems)} settings are wrong"
        super().__init__(
            "\n".join([f"{count}:", *(f"  {problem}" for problem in problems)]),
            hint="`medusa-sync products --help` lists every option with its variable and default.",
        )
        self.problems = problems


class SourceError(MedusaSyncError):
    """The source is unavailable, is not what it should be, or ends short of its own total."""

    exit_code = 3


class StoreError(MedusaSyncError):
    """The store cannot be reached, or does not let us in."""

    exit_code = 4


class StoreMismatchError(StoreError):
    """The settings name something that this store does not have."""

    exit_code = 2


class InterruptedRunError(MedusaSyncError):
    """A signal asked the run to end.

    Attributes:
        exit_code: `EXIT_SIGNAL` plus the number of the signal.
    """

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message, hint="The next run completes what is left.")
        self.exit_code = EXIT_SIGNAL + signal_number


class TimeLimitError(MedusaSyncError):
    """The run has taken as long as it may."""

    exit_code = EXIT_PARTIAL


class LockedError(MedusaSyncError):
    """Another run of the same job for the same store and source is under way on this machine."""

    exit_code = 75


class LockUnavailableError(MedusaSyncError):
    """The lock cannot be taken: its folder cannot be written."""

    exit_code = 2


class StoreRefusedError(StoreError):
    """The store, or a firewall in front of it, refused this one request (4xx).

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class AmbiguousWriteError(MedusaSyncError):
    """A write whose result is unknown: timeout, broken connection or 5xx. It may have been carried out.

    Attributes:
        answered: the store has sent a response, such as a 500.
    """

    def __init__(self, message: str, *, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class PruneGuardError(MedusaSyncError):
    """More products would be removed than the settings allow, or the source is empty: none is."""

    exit_code = 6


class ProductFailedError(MedusaSyncError):
    """One product that cannot be brought into the store; its neighbours can."""
