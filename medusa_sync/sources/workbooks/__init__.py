"""Workbooks of Excel and OpenDocument, whose sheets are tables (see docs/formats.md)."""
