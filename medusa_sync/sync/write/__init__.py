"""Takes stale products to their outcomes."""
