"""The append-only log: checkpoint, entries and proofs. Entries hold digests and random ids, no names."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.auth import ForLog
from api.etags import NOT_MODIFIED, immutable
from api.evidence import Checkpoint, ConsistencyProof, Entry, InclusionProof, LogKey, TimeStamp
from api.media import JSON
from api.pages import PageQuery
from api.problems import documented
from api.schemas import ListOf
from registry.log.tree import leaf_hash

router = APIRouter(prefix="/v1/log", tags=["log"], responses=documented(401, 403))
_LARGEST = 2**63 - 1  # an index is stored in 64 signed bits
Index = Annotated[int, Path(ge=0, le=_LARGEST, description="Counted from 0.")]
OldSize = Annotated[int, Query(ge=0, le=_LARGEST, description="Size of an earlier checkpoint.", examples=[1])]


@router.get("/checkpoint", summary="Get the newest checkpoint")
def checkpoint(desk: ForLog) -> Checkpoint:
    """The signed size and root. Keep it: a later one must be consistent with it."""
    return desk.checkpoint()


@router.get("/key", summary="Get the log's public key")
def key(desk: ForLog) -> LogKey:
    """The key that checkpoints are signed with."""
    return desk.log_key()


@router.get(
    "/entries/{index}",
    response_model=Entry,
    responses={**documented(404, 422), **NOT_MODIFIED},
    summary="Get an entry",
)
def entry(desk: ForLog, request: Request, index: Index) -> Response:
    """The exact bytes of one entry; SHA-256(0x00 || data) is its leaf hash, and its tag."""
    found = desk.entry(index)
    return immutable(request, leaf_hash(found.data).hex(), lambda: Response(found.model_dump_json(), media_type=JSON))


@router.get("/entries/{index}/timestamps", responses=documented(404, 422), summary="Get the time stamps of an entry")
def timestamps(desk: ForLog, index: Index, query: Annotated[PageQuery, Query()]) -> ListOf[TimeStamp]:
    """RFC 3161 time stamps of checkpoints that hold the entry, the earliest first; none if none was made."""
    return desk.timestamps(index, after=query.after, limit=query.limit)


@router.get("/proof/{index}", responses=documented(404, 422, 503), summary="Prove that an entry is in the log")
def proof(desk: ForLog, index: Index) -> InclusionProof:
    """The audit path from the entry to the root of the newest checkpoint."""
    return desk.proof(index)


@router.get("/consistency", responses=documented(404, 422), summary="Prove that the log only grew")
def consistency(desk: ForLog, old: OldSize) -> ConsistencyProof:
    """The path that shows the earlier tree to be a prefix of the newest one."""
    return desk.consistency(old)
