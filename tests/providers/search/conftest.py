"""Builds providers of every kind and puts them away."""

import importlib

import pytest


@pytest.fixture
async def made():
    """`made("brave", base_url=…)`: a provider called `search.main`."""
    providers = []

    def make(kind, **config):
        module = importlib.import_module(f"blogen.providers.search.{kind}")
        config = {"timeout_seconds": 5, **config}
        provider = module.Provider("search.main", module.Config(kind=kind, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()
