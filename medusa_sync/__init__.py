"""Keeps the products of an external catalogue (DummyJSON) in step with a Medusa v2 store."""

__version__ = "0.1.0"
