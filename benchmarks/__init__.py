"""How much a sync costs beyond what the store takes for the same requests; `make bench` runs it."""
