"""Requests that are sent twice and done once: the answer is stored in the unit that does what was asked for.

So both are committed, or neither is, whenever the process dies; and of two requests under one key, on whatever
machines, the second finds the first one's answer, since units are done one after another.
"""

import json

from registry.errors import AnswerForgotten
from registry.repository.requests import SealedAnswer
from registry.requests import KEPT, Done, Request
from registry.sealing import RowIdentity
from registry.usecases.tools import Tools


def request_row(tenant: str, request_id: str) -> RowIdentity:
    """Identity of a request's row."""
    return RowIdentity("done_request", tenant, request_id)


class Requests:
    """A tenant's requests."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.requests

    def done(self, tenant: str, request: Request) -> Done | None:
        """What came of a request under this sender's key, None if there was none within `KEPT`."""
        found = self._stored.get(tenant, request.id)
        if found is None or found.expires_at <= self._tools.clock():
            return None
        if found.data_key is None:
            raise AnswerForgotten(
                "the request was done, and its answer was destroyed when a device was forgotten; look at what there is"
                " now, and make a new key for another request"
            )
        row = request_row(tenant, request.id)
        opened = json.loads(self._tools.sealer.open(found.data_key, row, "answer", found.answer))
        return Done(fingerprint=opened["fingerprint"], answer=opened["answer"].encode())

    def keep(self, tenant: str, request: Request, answer: str) -> None:
        """Store the answer, text of any length, for `KEPT`; what expired is deleted."""
        now, row, sealer = self._tools.clock(), request_row(tenant, request.id), self._tools.sealer
        self._stored.drop_expired(tenant, now)
        data_key = sealer.new_data_key(row)
        opened = json.dumps({"fingerprint": request.fingerprint, "answer": answer}).encode()
        sealed = sealer.seal(data_key, row, "answer", opened)
        self._stored.add(tenant, request.id, SealedAnswer(expires_at=now + KEPT, data_key=data_key, answer=sealed))
