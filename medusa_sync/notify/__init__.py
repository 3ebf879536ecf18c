"""External systems that are notified of a result."""
