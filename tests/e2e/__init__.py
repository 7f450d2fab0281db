"""Blogen as its owner runs it: real processes, real sockets, real signals."""
