"""The tables in which nothing is changed or deleted, on either database."""

TABLES = (
    "log_entry",
    "log_node",
    "checkpoint",
    "cosignature",
    "time_stamp",
    "verification",
    "erasure",
    "disposal",
    "possession",
)
