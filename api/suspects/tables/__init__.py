"""Answers in columns: Parquet and Arrow, parsed by pyarrow in a process of its own; needs the extra `arrow`."""
