"""Hostile files, models and endpoints against a real service: refused with a clear error, nothing lost."""
