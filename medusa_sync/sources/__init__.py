"""Sources of products."""
