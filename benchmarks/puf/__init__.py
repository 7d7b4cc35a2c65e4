"""Measurements of PUF simulation, codes and key generation: `python -m benchmarks.puf --json FILE`."""
