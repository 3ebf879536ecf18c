"""`python -m medusa_sync`, the same as the command `medusa-sync`."""

from medusa_sync.cli import app

app(prog_name="medusa-sync")
