"""The use-cases behind `registry.service.Registry`, one module for each group. None of them commits."""
