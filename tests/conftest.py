"""For all tests: what property tests may take, since a busy machine is no defect."""

from hypothesis import HealthCheck, settings

settings.register_profile("blogen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("blogen")
