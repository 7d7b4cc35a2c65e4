"""Having the newest checkpoint stamped by a time-stamping authority (RFC 3161), over HTTP."""

import http.client
import urllib.error
import urllib.request

from registry.database import Database
from registry.errors import TimestampFailed
from registry.log import timestamp
from registry.log.timestamp import MAX_BYTES, QUERY, Authorities, Post, Reply
from registry.parts import Parts
from registry.records import TimeStamp

SECONDS = 20


def stamp(database: Database, parts: Parts, url: str, authorities: Authorities | None, post: Post) -> TimeStamp:
    """A fresh time stamp of the newest checkpoint, stored. No transaction is open while the authority is asked.

    Raises:
        TimestampFailed: the authority did not stamp; nothing was stored.
    """
    with database.reading() as session:
        checkpoint = parts.log(session).checkpoint()
    token = timestamp.ask(checkpoint.note, url=url, post=post, authorities=authorities)
    made = TimeStamp(checkpoint=checkpoint, stamped_at=timestamp.stamped_at(token), token=token)
    with database.writing() as session:
        parts.storage(session).add_timestamp(checkpoint.size, token, made.stamped_at, parts.clock())
    return made


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An authority answers itself: a redirect is an answer like any other that is not 200."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def post_over_http(url: str, body: bytes, *, seconds: float = SECONDS) -> Reply:
    """POST of a request over HTTP or HTTPS (RFC 3161, 3.4): no redirects, an answer of bounded size.

    Raises:
        OSError: no answer.
        TimestampFailed: another scheme.
    """
    if not url.startswith(("http://", "https://")):
        raise TimestampFailed(f"{url} is no address of a time-stamping authority; use http:// or https://")
    headers = {"Content-Type": QUERY}
    request = urllib.request.Request(url, data=body, method="POST", headers=headers)  # noqa: S310 - checked above
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=seconds) as response:
            return Reply(
                status=response.status,
                content_type=response.headers.get("Content-Type", ""),
                body=response.read(MAX_BYTES + 1),
            )
    except urllib.error.HTTPError as error:
        with error:
            return Reply(status=error.code, content_type=error.headers.get("Content-Type", ""), body=b"")
    except http.client.HTTPException as error:
        raise OSError(f"an answer that is no HTTP: {error}") from error
