"""Removes what the source no longer has."""
