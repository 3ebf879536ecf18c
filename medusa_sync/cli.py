"""Command line (in the making)."""

import typer

app = typer.Typer()
