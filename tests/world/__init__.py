"""One world for all tests: a source, a merchant, a store, and what must hold."""
