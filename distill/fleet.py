"""Many distillations over any executor of `concurrent.futures`, of processes or of a cluster, with one piece of code.

A job is a word, the result a string; what is heavy lies in files that the workers see. A worker that is killed breaks a
pool: what is not done yet is given to a new one. Results come in the order of the jobs and are those of a serial run,
because each distillation depends on its own words alone and computes on one thread.
"""

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed

import torch

from distill.errors import WorkersKilled

Work = Callable[[str], str]
ATTEMPTS = 3


def processes(workers: int) -> Callable[[], Executor]:
    """Makes pools of so many processes of this machine; PyTorch is loaded once for all of them.

    Example:
        >>> make = processes(2)
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["distill.release", "distill.stored"])
    return lambda: ProcessPoolExecutor(workers, mp_context=context)


def serial(work: Work, jobs: Iterable[str]) -> dict[str, str]:
    """One after the other, here: what every executor must agree with."""
    return {job: on_one_thread(work, job) for job in jobs}


def spread(
    work: Work,
    jobs: Iterable[str],
    executor: Callable[[], Executor],
    *,
    attempts: int = ATTEMPTS,
    done: Callable[[str], object] = str,
) -> dict[str, str]:
    """Result of every job, in the order of the jobs.

    Args:
        work: importable in the workers.
        jobs: words, all different.
        executor: makes an executor; called again when workers were killed. For Dask: `lambda: client.get_executor()`.
        attempts: how many pools in succession may break without one job done.
        done: called here with each job when it is done.

    Raises:
        WorkersKilled: workers are killed again and again; the message names the jobs that are left.
        Exception: what a job raised, when the others are done; it would raise it again, so that it is not repeated.
    """
    wanted = tuple(jobs)
    found: dict[str, str] = {}
    failed: dict[str, BaseException] = {}
    broken = 0
    while left := [job for job in wanted if job not in found and job not in failed]:
        before = len(left)
        with executor() as pool:
            _gather(pool, work, left, found, failed, done)
        now = sum(job not in found and job not in failed for job in wanted)
        broken = broken + 1 if now == before else 0
        if broken == attempts:
            raise WorkersKilled(f"workers were killed {attempts} times over {', '.join(left)}; look for lack of memory")
    for job in wanted:
        if job in failed:
            failed[job].add_note(f"job {job!r} of {len(wanted)}; the others are done")
            raise failed[job]
    return {job: found[job] for job in wanted}


def _gather(
    pool: Executor,
    work: Work,
    left: list[str],
    found: dict[str, str],
    failed: dict[str, BaseException],
    done: Callable[[str], object],
) -> None:
    """Run what is left as far as the pool lives."""
    waiting: dict[Future[str], str] = {}
    try:
        for job in left:
            waiting[pool.submit(on_one_thread, work, job)] = job
    except BrokenExecutor:  # a worker died before all was submitted
        pass
    for future in as_completed(waiting):
        error = future.exception()
        if isinstance(error, BrokenExecutor):
            continue
        if error is not None:
            failed[waiting[future]] = error
            continue
        found[waiting[future]] = future.result()
        done(waiting[future])


def on_one_thread(work: Work, job: str) -> str:
    """The work's result, computed on one thread wherever it runs: the number of threads changes the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return work(job)
    finally:
        torch.set_num_threads(before)
