"""Blogen against servers that others wrote: what our own fakes got wrong would show here."""
