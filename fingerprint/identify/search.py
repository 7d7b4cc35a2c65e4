"""Searching an index file in shards, over threads, processes or machines that share the file."""

import os
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.identify.engines import engine as make_engine
from fingerprint.identify.file import IndexFile
from fingerprint.identify.layout import BLOCK
from fingerprint.identify.query import Query, prepare
from fingerprint.identify.scan import scan
from fingerprint.identify.top import Top, merge

Floats = NDArray[np.float64]


def search(
    index: IndexFile,
    evidence: Floats,
    *,
    keep: int = 100,
    executor: Executor | None = None,
    shards: int | None = None,
    engine: str = "numpy",
) -> Top:
    """The best `keep` devices for this evidence, with scores equal to `trace.scores`; cost linear in N.

    Args:
        index: from `open_index`.
        evidence: y, finite, (L,).
        keep: k.
        executor: any executor; each task is one shard and opens the file by its path. A pool of threads, one for each
            processor, when not given.
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
    parts = split(index.count, shards or os.cpu_count() or 1)
    if executor is not None:
        return _gather(index, query, keep, engine, parts, executor)
    with ThreadPoolExecutor(max_workers=max(1, len(parts)), thread_name_prefix="identify") as pool:
        return _gather(index, query, keep, engine, parts, pool)


def split(count: int, shards: int) -> list[tuple[int, int]]:
    """Ranges of blocks, as equal as can be, none empty.

    Example:
        >>> split(5 * BLOCK, 2), split(1, 8), split(0, 8)
        ([(0, 2), (2, 5)], [(0, 1)], [])
    """
    blocks = -(-count // BLOCK)
    used = min(shards, blocks)
    return [(i * blocks // used, (i + 1) * blocks // used) for i in range(used)]


def search_shard(index: IndexFile, query: Query, keep: int, engine: str, part: tuple[int, int]) -> Top:
    """One task: the best devices of a range of blocks. Opens the file itself, so that it runs in any process.

    Raises:
        fingerprint.errors.MalformedError: the file is not there in full, or is another one.
    """
    return scan(index.blocks().part(*part), query, keep, make_engine(engine))


def _gather(
    index: IndexFile, query: Query, keep: int, engine: str, parts: list[tuple[int, int]], pool: Executor
) -> Top:
    tasks = [pool.submit(search_shard, index, query, keep, engine, part) for part in parts]
    return merge([task.result() for task in tasks], keep)
