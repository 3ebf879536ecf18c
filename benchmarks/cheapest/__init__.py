"""The cheapest known way to do the work of a sync: the fewest requests, and nothing else."""

# It uses no code of medusa_sync, but writes the same products and records, so that a sync after it finds
# nothing to do. It takes shortcuts that a real client cannot take: it handles no errors, and it expects that
# nobody else writes.
