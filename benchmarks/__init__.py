"""Compares a sync with the cheapest known way to do the same work (`make bench`)."""
