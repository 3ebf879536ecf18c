"""Exceptions with exit codes and hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

EXIT_UNEXPECTED = 1
EXIT_PARTIAL = 5
EXIT_GUARD = 6
EXIT_CHANGES = 7
EXIT_SIGNAL = 128  # plus the number of the signal, as in a shell
EXIT_CODES: Mapping[int, str] = {
    0: "Done: every valid product is in the store, or with `--dry-run` the plan is complete.",
    EXIT_UNEXPECTED: "Unexpected error: a bug in medusa-sync.",
    2: "Usage: a setting is invalid or unknown to the store, or a result cannot be written.",
    3: "The source is unavailable, invalid or incomplete.",
    4: "The store is unreachable or refuses the credentials.",
    EXIT_PARTIAL: (
        "Partial: products are rejected (more than `--max-rejected`), failed or unconfirmed, prices are over "
        "the limit, or `--max-duration` ended the run."
    ),
    EXIT_GUARD: (
        "Guard: more is missing than `--max-removals` allows, more would change than `--max-changes` "
        "allows, a setting has changed that `--accept-settings` would accept, products have changed since "
        "the plan of `--apply-plan` was saved, or later runs wrote over what `--undo` takes back. These "
        "stay as they are."
    ),
    EXIT_CHANGES: "There is something to do: only with `--dry-run --exit-code`.",
    75: "Locked: another run for the same store and source is under way. Nothing was done.",
    130: "Interrupted by SIGINT (Ctrl-C), or 143 by SIGTERM. The same command completes the work.",
}


class MedusaSyncError(Exception):
    """Base class of all errors that the settings, the source or the store can cause.

    Attributes:
        exit_code: of the command, if this error ends a run.
        hint: what to do next.
    """

    exit_code: int = EXIT_UNEXPECTED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(MedusaSyncError):
    """Some settings are invalid; the message lists all of them.

    Args:
        problems: one for each.
        notes: what may be the reason, such as a variable that is misspelled.
    """

    exit_code = 2

    def __init__(self, problems: list[str], notes: Iterable[str] = ()) -> None:
        count = "A setting is invalid" if len(problems) == 1 else f"{len(problems)} settings are invalid"
        lines = [*problems, *(f"note: {note}" for note in notes)]
        super().__init__(
            "\n".join([f"{count}:", *(f"  {line}" for line in lines)]),
            hint="`medusa-sync products --help-all` lists all options and variables.",
        )
        self.problems = problems


class SourceError(MedusaSyncError):
    """The source is unavailable, invalid or incomplete."""

    exit_code = 3


class StoreError(MedusaSyncError):
    """The store is unreachable or refuses the credentials."""

    exit_code = 4


class UnknownQueryError(StoreError):
    """The store does not know a part of a query; older versions lack some."""


class StoreMismatchError(StoreError):
    """The settings name something that the store does not have."""

    exit_code = 2


class InterruptedRunError(MedusaSyncError):
    """A signal ended the run."""

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message, hint="The same command completes the rest.")
        self.exit_code = EXIT_SIGNAL + signal_number


class TimeLimitError(MedusaSyncError):
    """The run reached its time limit."""

    exit_code = EXIT_PARTIAL


class LockedError(MedusaSyncError):
    """Another run for the same store and source holds the lock."""

    exit_code = 75


class LockUnavailableError(MedusaSyncError):
    """The lock file cannot be used."""

    exit_code = 2


class StoreRefusedError(StoreError):
    """The store, or a firewall in front of it, refused one request (4xx).

    Attributes:
        status: the HTTP status.
        kind: the type of Medusa's error, such as `not_found`; empty if the response has none.
    """

    def __init__(self, message: str, *, status: int, kind: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.kind = kind


class KnownRefusalError(StoreRefusedError):
    """A write was not sent, because it is known that the store would refuse it."""


class ImageError(MedusaSyncError):
    """One image cannot be copied; its product keeps the URL of the source."""


class AmbiguousWriteError(MedusaSyncError):
    """The result of a write is unknown, after a timeout, a broken connection or a 5xx response.

    Attributes:
        status: the HTTP status of the response, for example 500; None if there was none.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def responded(self) -> bool:
        return self.status is not None


class PruneGuardError(MedusaSyncError):
    """Nothing is removed: more products are missing than the settings allow, or the source is empty."""

    exit_code = EXIT_GUARD


class ChangeGuardError(MedusaSyncError):
    """Nothing is written: more products would change than the settings allow."""

    exit_code = EXIT_GUARD


class SettingsGuardError(MedusaSyncError):
    """Nothing is written: options of the source's values are not those that products were written with."""

    exit_code = EXIT_GUARD


class ProductFailedError(MedusaSyncError):
    """One product cannot be written; the others are not affected."""
