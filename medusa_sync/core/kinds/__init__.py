"""The kinds of fields: one file for each says all that is particular about it."""
