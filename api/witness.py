"""A witness as an HTTP service: `POST /add-checkpoint` and nothing else, https://c2sp.org/tlog-witness."""

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.limits import BodyLimit
from api.request_ids import RequestIds
from registry.witness.messages import MAX_BYTES, PATH
from registry.witness.witness import Witness

BODY_SECONDS = 30


def create_witness_app(witness: Witness) -> Starlette:
    """The service of one witness. Its answers are the witness's; what it cannot remember it does not cosign (500)."""

    async def add_checkpoint(request: Request) -> Response:
        with anyio.move_on_after(BODY_SECONDS):
            body = await request.body()
            answer = await run_in_threadpool(witness.add_checkpoint, body)
            return Response(answer.body, answer.status, headers={"Content-Type": answer.content_type})
        raise HTTPException(408, f"the body did not arrive within {BODY_SECONDS} seconds")

    app = Starlette(routes=[Route(f"/{PATH}", add_checkpoint, methods=["POST"])])
    app.add_middleware(BodyLimit, limit_of=lambda _: MAX_BYTES)
    app.add_middleware(RequestIds)
    return app
