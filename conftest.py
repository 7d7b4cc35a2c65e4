"""For all tests: no law fails because the machine is busy, or by chance; one token, since a process loads it once.

Each law is tried on the same examples every time; `--hypothesis-profile=exploring` draws others: `make explore`.
"""

from hypothesis import HealthCheck, settings

from tests.softhsm import softhsm  # noqa: F401 - a fixture

settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("busy machine", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("busy machine")
