"""The Admin API of Medusa, as far as a sync needs it."""
