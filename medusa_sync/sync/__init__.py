"""One run: read the source, look up, plan, apply, prune."""
