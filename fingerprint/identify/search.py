"""Searching an index file in shards, over threads, processes or machines that share the file."""

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.identify.engines import engine as make_engine
from fingerprint.identify.file import FilePart, IndexFile
from fingerprint.identify.layout import BLOCK, Blocks
from fingerprint.identify.query import Query, prepare
from fingerprint.identify.scan import scan
from fingerprint.identify.top import Top, merge

Floats = NDArray[np.float64]


def search(
    index: IndexFile | Blocks,
    evidence: Floats,
    *,
    keep: int = 100,
    executor: Executor | None = None,
    shards: int | None = None,
    engine: str = "numpy",
) -> Top:
    """The best `keep` devices for this evidence, with scores equal to `trace.scores`; cost linear in N.

    Args:
        index: from `open_index`: every task maps the file by its path, so that it may run in any process. Or the
            blocks of one (`index.blocks()`), mapped already: who searches again and again saves a third of the time,
            but tasks in other processes would be sent copies.
        evidence: y, finite, (L,).
        keep: k.
        executor: any executor; each task is one shard. A pool of threads, one for each processor, when not given.
        shards: how many tasks; one for each processor when not given.
        engine: `numpy`, or `numba` where it is installed.

    Raises:
        ParameterError: evidence of another length, NaN, nothing to keep, no shards, an engine that is not there.
    """
    if evidence.size != index.bits or keep < 1:
        raise ParameterError(f"evidence of {evidence.size} carriers, {index.bits} bits, {keep} to keep: cannot search")
    if shards is not None and shards < 1:
        raise ParameterError(f"at least one shard is needed, not {shards}")
    query = prepare(evidence, devices=index.count, keep=keep, second_look=make_engine(engine).second_look)
    task = partial(search_shard, query=query, keep=keep, engine=engine)
    parts = [index.part(*part) for part in split(index.count, shards or os.cpu_count() or 1)]
    if executor is not None:
        return merge(list(executor.map(task, parts)), keep)
    with ThreadPoolExecutor(max_workers=max(1, len(parts)), thread_name_prefix="identify") as pool:
        return merge(list(pool.map(task, parts)), keep)


def split(count: int, shards: int) -> list[tuple[int, int]]:
    """Ranges of blocks, as equal as can be, none empty.

    Example:
        >>> split(5 * BLOCK, 2), split(1, 8), split(0, 8)
        ([(0, 2), (2, 5)], [(0, 1)], [])
    """
    blocks = -(-count // BLOCK)
    used = min(shards, blocks)
    return [(i * blocks // used, (i + 1) * blocks // used) for i in range(used)]


def search_shard(part: FilePart | Blocks, *, query: Query, keep: int, engine: str) -> Top:
    """One task: the best devices of a range of blocks.

    Raises:
        fingerprint.errors.MalformedError: the file is not there in full, or is another one.
    """
    blocks = part.blocks() if isinstance(part, FilePart) else part
    return scan(blocks, query, keep, make_engine(engine))
