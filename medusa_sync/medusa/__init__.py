"""The store: Medusa's Admin API, as far as a sync needs it."""
