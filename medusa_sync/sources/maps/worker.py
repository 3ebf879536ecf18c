"""Runs a jq program in a process of its own: `python -m medusa_sync.sources.maps.worker SECONDS`.

The first line of its input is the program, as a JSON text, and each other line is an item. It writes an empty
line once it is ready, and for each item a line with the parts that the program gives, and the error that came
after them.
"""

import json
import os
import signal
import sys

import jq

from medusa_sync.sources.child import limit_memory

MAX_SIZE = 2**26  # bytes that a program gives for an item
_MEMORY = 2**30  # bytes
_LONGEST = 1_000  # characters of a message


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides when it ends
    limit_memory(_MEMORY)
    program, seconds = jq.compile(json.loads(sys.stdin.readline())), int(sys.argv[1])
    _write(b"")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # a program can write there
    for item in sys.stdin:
        signal.alarm(seconds)  # ends the process, even within jq
        parts: list[bytes] = []
        error, size = "", 0
        try:
            for text in program.input_text(item):
                part = text.encode()
                size += len(part) + 1
                if size > MAX_SIZE:
                    error = f"it gives more than {MAX_SIZE // 2**20} MB"
                    break
                parts.append(part)
        except ValueError as problem:
            error = str(problem)
        _write(b"[[%s], %s]" % (b",".join(parts), json.dumps(error[:_LONGEST]).encode()))
        signal.alarm(0)


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
