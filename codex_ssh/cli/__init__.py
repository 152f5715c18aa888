"""argv in, exit code out: the only place that knows everyone."""
