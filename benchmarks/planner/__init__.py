"""Does a planned release reach what the planner predicted? See `__main__.py`."""
