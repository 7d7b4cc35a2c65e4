"""Fields that JSON lacks: strict on the way in, exact on the way round."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from api.fields import Bytes, Moment


class Holder(BaseModel):
    """Both kinds of field."""

    model_config = ConfigDict(strict=True, extra="forbid")

    data: Bytes
    at: Moment


MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(data=st.binary(max_size=40), at=MOMENTS)
def test_fields_survive_the_wire(data, at):
    """What goes out as JSON comes back equal."""
    holder = Holder(data=data, at=at)
    assert Holder.model_validate_json(holder.model_dump_json()) == holder


@pytest.mark.parametrize("data", [7, None, "not base64", "YQ", "Y Q==", ["YQ=="], "é"])
def test_what_is_no_base64_is_refused(data):
    """Numbers, nothing, and text that is almost base64."""
    with pytest.raises(ValidationError):
        Holder(data=data, at=datetime.now(UTC))


@pytest.mark.parametrize(
    "at", [0, 1.5, True, None, "1700000000", "tomorrow", "2027-01-31T12:00:00", "2027-13-01T00:00:00Z"]
)
def test_what_is_no_moment_is_refused(at):
    """Numbers are not taken for seconds, and a moment says its time zone."""
    with pytest.raises(ValidationError):
        Holder(data=b"", at=at)
