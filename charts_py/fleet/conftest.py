"""How the property tests of this package run."""

from hypothesis import HealthCheck, settings

# A test that passes on an idle machine must pass on a busy one: no example is failed for the time it took.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
