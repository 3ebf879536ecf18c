"""Bugs on purpose, which the tests of the world have to find."""
