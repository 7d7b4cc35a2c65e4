"""For all tests: no law fails because the machine is busy; one token, since a process loads its module once."""

from hypothesis import settings

from tests.softhsm import softhsm  # noqa: F401 - a fixture

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")
