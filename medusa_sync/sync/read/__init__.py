"""Reads the source and the store, and finds what is stale."""
