"""Topic + sources → prose."""
