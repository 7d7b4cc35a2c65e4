"""Following a job: its events as they are stored, then those that come."""

import time
from collections.abc import AsyncIterator, Callable, Iterator

import anyio
from anyio.to_thread import run_sync

from api.job_schemas import JobEvent
from api.sse import COMMENT, ServerSentEvent
from registry.jobs import OPEN
from registry.store import Store

POLL = 0.3
STREAM_SECONDS = 25.0
"""How long one stream lasts: less than the service waits for requests when it is stopped. Clients come back."""
_QUIET_SECONDS = 10.0
_AT_ONCE = 500


def happened(store: Store, tenant: str, job_id: str, after: int) -> tuple[list[JobEvent], bool]:
    """Events after one, at most 500, and whether more are to be expected.

    Raises:
        UnknownJob: no such job.
    """
    with store.reading() as registry:
        found = registry.job_events(tenant, job_id, after=after, limit=_AT_ONCE)
        more = len(found) == _AT_ONCE or registry.job(tenant, job_id).state in OPEN
    return [JobEvent.of(event) for event in found], more


def follow(
    store: Store, tenant: str, job_id: str, after: int, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[JobEvent]:
    """All events after one, until the job ends."""
    more = True
    while more:
        found, more = happened(store, tenant, job_id, after)
        yield from found
        after = found[-1].seq if found else after
        if more and not found:
            sleep(POLL)


async def stream(
    store: Store, tenant: str, job_id: str, after: int, *, stopping: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The same as server-sent events, for a while; a comment now and then keeps the connection alive.

    It ends early when the service is told to stop, which waits for streams as for any request.
    """
    ends, said, more = anyio.current_time() + STREAM_SECONDS, anyio.current_time(), True
    yield COMMENT
    while more and anyio.current_time() < ends and not stopping():
        found, more = await run_sync(happened, store, tenant, job_id, after)
        for event in found:
            yield ServerSentEvent(id=str(event.seq), event=event.name, data=event.model_dump_json()).to_bytes()
            after, said = event.seq, anyio.current_time()
        if anyio.current_time() - said > _QUIET_SECONDS:
            said = anyio.current_time()
            yield COMMENT
        if more and not found:
            await anyio.sleep(POLL)
