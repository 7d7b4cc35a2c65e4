"""Durable jobs under kill -9: see `benchmarks.resume.__main__`."""
