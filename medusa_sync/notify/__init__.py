"""Notifies external systems of the result of a run."""
