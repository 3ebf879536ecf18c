"""One run: read the source, look up, plan, write, remove."""
