"""Keyset pagination: `next` of one page is `after` of the following one, opaque to the caller."""

import base64
import binascii
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_MARK = b"1:"


class MalformedCursor(Exception):
    """A cursor that this service did not make."""


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[str | None, Field(max_length=1024, description="`next` of the previous page.")] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="The most items to return.")] = 100


def encode(key: str | None) -> str | None:
    """The cursor that stands for the key of a page's last item.

    Law: `decode(encode(key)) == key`.

    Example:
        >>> encode("edge-7")
        'MTplZGdlLTc'
    """
    return None if key is None else base64.urlsafe_b64encode(_MARK + key.encode()).rstrip(b"=").decode()


def decode(cursor: str | None) -> str | None:
    """The key that a cursor stands for.

    Raises:
        MalformedCursor: not made by `encode`.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = raw.removeprefix(_MARK).decode()
    except (ValueError, binascii.Error) as error:
        raise MalformedCursor("the cursor `after` is damaged; use `next` of the previous page as it is") from error
    if not raw.startswith(_MARK) or encode(key) != cursor:
        raise MalformedCursor("the cursor `after` is not one of this service; use `next` of the previous page as it is")
    return key
