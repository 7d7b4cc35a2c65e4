"""Where a log's signing key lives, and the file that says so: one small protocol, one module for each kind of place."""
