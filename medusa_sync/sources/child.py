"""What processes that this tool starts have in common: none gets secrets, or all of the memory."""

from __future__ import annotations

import os
import resource
import sys

# What Python may need to start.
_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")


def command(module: str, *limits: int) -> list[str]:
    """Runs a module of this package, which gets its limits."""
    return [sys.executable, "-P", "-m", module, *map(str, limits)]


def environment() -> dict[str, str]:
    own = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    return {**own, "PYTHONPATH": os.pathsep.join(sys.path)}


def limit_memory(size: int) -> None:
    """Limit the memory of this process to so many bytes, or to less if it has such a limit."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    most = min([size, *(limit for limit in limits if limit != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
