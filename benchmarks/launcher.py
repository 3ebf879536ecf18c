"""Runs one command and prints its measurements as JSON."""

# It is a separate, small process because Linux counts the memory of the parent as used by the child: a
# benchmark that has loaded a recording would measure itself.

import json
import os
import sys
import time


def main() -> None:
    output, *command = sys.argv[1:]
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    began = time.perf_counter()
    child = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, target, sys.stdout.fileno())]
    )
    _, status, usage = os.wait4(child, 0)
    wall_s = time.perf_counter() - began
    # Linux returns kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "exit_code": os.waitstatus_to_exitcode(status),
                "wall_s": wall_s,
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "peak_mb": usage.ru_maxrss * unit / 1e6,
            }
        )
    )


if __name__ == "__main__":
    main()
