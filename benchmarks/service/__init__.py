"""Verifications of uploaded answers, timed: see `benchmarks.service.__main__`."""
