"""Measures what a sync costs beyond the time that the store needs for the same requests (`make bench`)."""
