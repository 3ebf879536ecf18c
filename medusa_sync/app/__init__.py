"""One invocation: a run, or a loop of runs."""
