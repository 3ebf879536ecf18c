"""The planner alone: a random product that source and merchant change, planned and applied in memory."""
