"""Renders the result of a run: one module per format."""
