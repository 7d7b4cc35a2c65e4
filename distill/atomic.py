"""Files that are whole or absent, whenever the writer is killed."""

import os
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Put the bytes there in one step: a reader finds all of the old file, or all of the new one.

    Args:
        path: in a folder that exists.
        data: bytes.
        mode: of the new file.
    """
    waiting = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    waiting.replace(path)
