"""What the result says besides the outcomes of products."""
