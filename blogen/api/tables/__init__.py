"""The tables of calls, one file a resource; `routes.py` makes one of them all."""
