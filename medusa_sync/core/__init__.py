"""Pure decisions, without I/O or a clock."""
