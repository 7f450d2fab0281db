"""Speed and size, always beside a baseline measured in the same run: a ratio means something on any machine."""
