"""Answers as Arrow IPC, file or stream. Types are checked before a batch is unpacked. In the sandbox only."""

from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed
from api.suspects.tables import columns

FILE = b"ARROW1"


def run(data: bytes, probes: NDArray[Any] | None, options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """The answers in the file.

    Raises:
        AnswersError: one of its kinds.
    """
    del probes
    try:
        reader = pa.ipc.open_file(data) if data.startswith(FILE) else pa.ipc.open_stream(data)
        names = columns.wanted(reader.schema)
        batches = (
            (reader.get_batch(index) for index in range(reader.num_record_batches))
            if data.startswith(FILE)
            else iter(reader)
        )
        return columns.joined(batches, names, limit=int(options["limit"])), {}
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise AnswersMalformed(f"the Arrow file cannot be read ({str(error)[:300]}); save and send it again") from error
