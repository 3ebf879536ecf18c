"""Which tests run when: quick ones always, deep ones only with `pytest --deep` (see tests/README.md)."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn, TypeVar
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings

T = TypeVar("T")

# No deadline: a busy machine is not a bug.
_COMMON: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=10, stateful_step_count=15, derandomize=True, **_COMMON)
settings.register_profile("deep", max_examples=60, stateful_step_count=25, **_COMMON)

deep = pytest.mark.deep
"""For a test that runs only in `make test-all`."""


def choose(config: pytest.Config) -> None:
    """Load the tier of this run of pytest."""
    settings.load_profile("deep" if config.getoption("--deep") else "quick")


def sampled(cases: Iterable[Any], *quick: Any) -> list[Any]:
    """Parameters of which only the given ones are quick."""
    return [case if case in quick else _deep_param(case) for case in cases]


def _deep_param(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=deep)


def times(all_of_them: int, *, quick: int) -> int:
    """How often to repeat something."""
    return all_of_them if _is_deep() else quick


def some(cases: Sequence[T], number: int) -> Sequence[T]:
    """About this number of cases, spread evenly; all of them in a deep run.

    Each test gets other cases, and always the same.
    """
    if _is_deep():
        return cases
    step = max(1, len(cases) // number)
    return cases[crc32(os.environ["PYTEST_CURRENT_TEST"].encode()) % step :: step]


def _is_deep() -> bool:
    return settings.get_current_profile_name() == "deep"


def needed(package: str, *names: str) -> str:
    """The path of a program of a Debian package; a test that needs it is skipped without it."""
    found = [path for path in map(shutil.which, names) if path]
    if not found:
        skip(f"{names[0]} is not installed", package)
    return found[0]


def skip(reason: str, packages: str = "") -> NoReturn:
    """Skip a test that needs what this machine lacks, such as packages of Debian; in CI it fails."""
    reason += f" (Debian: {packages})" if packages else ""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def left_out(reasons: Iterable[str]) -> Iterator[str]:
    """How many tests were skipped for which reason, and the command that installs what they need."""
    packages: dict[str, None] = {}
    counts: Counter[str] = Counter()
    for reason in reasons:
        text, _, missing = reason.removeprefix("Skipped: ").partition(" (Debian: ")
        counts[text] += 1
        packages |= dict.fromkeys(missing.removesuffix(")").split())
    for reason, count in counts.most_common():
        yield f"{count} test{'s' if count > 1 else ''}: {reason}"
    if packages:
        yield f"To run them: sudo apt-get install {' '.join(sorted(packages))}"
