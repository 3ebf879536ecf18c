"""The command `medusa-sync`, also as `python -m medusa_sync`."""

import sys


def main() -> None:
    """Run the command. Importing it takes a moment, in which Ctrl-C shows no traceback."""
    try:
        from medusa_sync.cli import app
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="medusa-sync")


if __name__ == "__main__":
    main()
