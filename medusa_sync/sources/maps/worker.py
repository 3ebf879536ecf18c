"""Runs a jq program in a process of its own: `python -m medusa_sync.sources.maps.worker SECONDS`.

The first line of its input is the program, as a JSON text, and each other line is an item. For each item it
writes a line with the parts that the program gives, and the error that came after them.
"""

import json
import resource
import signal
import sys

import jq

MAX_SIZE = 2**26  # characters that a program gives for an item
_MEMORY = 2**30  # bytes


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides when it ends
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    program, seconds = jq.compile(json.loads(sys.stdin.readline())), int(sys.argv[1])
    for item in sys.stdin:
        signal.alarm(seconds)  # ends the process, even within jq
        parts: list[str] = []
        error, size = "", 0
        try:
            for part in program.input_text(item):
                size += len(part)
                if size > MAX_SIZE:
                    error = f"it gives more than {MAX_SIZE:,} characters"
                    break
                parts.append(part)
        except ValueError as problem:
            error = str(problem)
        sys.stdout.write(f"[[{','.join(parts)}], {json.dumps(error)}]\n")
        sys.stdout.flush()
        signal.alarm(0)


if __name__ == "__main__":
    main()
