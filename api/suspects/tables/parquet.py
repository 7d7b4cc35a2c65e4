"""Answers as Parquet. The footer's row counts and sizes are checked before a page is unpacked. In the sandbox only."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed, AnswersTooLarge
from api.suspects.tables import columns

_MOST_FOOTER = 64 << 20
_BATCH = 1 << 14


def run(data: bytes, probes: NDArray[Any] | None, options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """The answers in the file.

    Raises:
        AnswersError: one of its kinds.
    """
    del probes
    limit = int(options["limit"])
    try:
        file = pq.ParquetFile(
            pa.BufferReader(data), thrift_string_size_limit=_MOST_FOOTER, thrift_container_size_limit=1 << 20
        )
        names = columns.wanted(file.schema_arrow)
        _check(file.metadata, len(names), limit)
        batches = file.iter_batches(batch_size=_BATCH, columns=names, use_threads=False)
        return columns.joined(batches, names, limit=limit), {"created_by": str(file.metadata.created_by)[:100]}
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise AnswersMalformed(
            f"the Parquet file cannot be read ({str(error)[:300]}); save and send it again"
        ) from error


def _check(metadata: Any, width: int, limit: int) -> None:
    columns.check(metadata.num_rows, width, limit=limit)
    unpacked = sum(
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    if unpacked > limit:
        raise AnswersTooLarge(f"the Parquet file unpacks to {unpacked} bytes; the limit is {limit}")
