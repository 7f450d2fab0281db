"""The outside world. One module a kind; nothing here retries, limits or logs: its callers do."""
