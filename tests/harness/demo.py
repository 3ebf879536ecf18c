"""`make demo`: a real store with the sample catalogue; it runs until it is stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.harness.medusa import Store, running_store
from tests.harness.npm import NodeMissing, node
from tests.harness.postgres import running_postgres

COMMAND = Path(sys.executable).with_name("medusa-sync")


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        node()
    except NodeMissing as missing:
        print(f"{missing}.\nWithout it no store can run; here is a dry run of the sample catalogue:\n")
        _sync("--dry-run", env=os.environ)
        return
    print("Starting a Medusa store; the first time this downloads it (about two minutes) ...", flush=True)
    with running_postgres() as postgres, running_store(postgres) as store:
        env = {**os.environ, "MEDUSA_BACKEND_URL": store.url, "MEDUSA_API_KEY": store.api_key}
        print("\n--- first run: everything is new ---\n", flush=True)
        _sync(env=env)
        print("\n--- second run: nothing has changed, nothing is written ---\n", flush=True)
        _sync(env=env)
        print(_advice(store), flush=True)
        signal.pause()


def _sync(*arguments: str, env: dict[str, str] | os._Environ[str]) -> None:
    subprocess.run([COMMAND, "products", "--source", "sample", *arguments], env=env, check=True)


def _advice(store: Store) -> str:
    command = COMMAND.relative_to(Path.cwd()) if COMMAND.is_relative_to(Path.cwd()) else COMMAND
    return f"""
The store runs at {store.url} until you press Ctrl-C. Then it is deleted with its data.

Look around:
  curl -s -u {store.api_key}: '{store.url}/admin/products?limit=3&fields=title,handle,*variants.prices'

To sync again or try options, in another terminal:
  export MEDUSA_BACKEND_URL={store.url} MEDUSA_API_KEY={store.api_key}
  {command} products --source sample --dry-run
"""


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    print("\nStopping the store.", flush=True)
    sys.exit()


if __name__ == "__main__":
    main()
