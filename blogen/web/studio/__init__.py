"""The owner's pages, at `/studio`."""
