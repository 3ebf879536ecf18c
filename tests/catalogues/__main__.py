"""Writes `golden/`; no test does."""

from tests.catalogues import CATALOGUES, golden_of, rendered

for each in CATALOGUES:
    golden_of(each).write_text(rendered(each), encoding="utf-8")
