"""Blogen: a self-hosted AI blog that writes itself and that people enjoy reading."""

__version__ = "0.1.0"
