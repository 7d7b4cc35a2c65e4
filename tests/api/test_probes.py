"""Which form of the probes an Accept header prefers."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from api.probes import Form, accepted


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", Form.NPZ),
        ("application/*", Form.NPZ),
        ("application/x-npz, application/vnd.safetensors", Form.NPZ),
        ("application/vnd.safetensors", Form.SAFETENSORS),
        ("application/x-npz;q=0.2, application/vnd.safetensors;q=0.9", Form.SAFETENSORS),
        ("application/x-npz;q=0, */*", Form.SAFETENSORS),
        ("text/html, */*;q=0.1", Form.NPZ),
    ],
)
def test_the_preferred_form_is_chosen(accept, form):
    """Weights decide, the more specific range first; npz where nothing is preferred."""
    assert accepted(accept) is form


@pytest.mark.parametrize("accept", ["text/html", "application/x-npz;q=0", "", "image/*", "*/*;q=x"])
def test_no_form_is_406(accept):
    """A caller who accepts neither is told so."""
    with pytest.raises(HTTPException) as caught:
        accepted(accept)
    assert caught.value.status_code == 406


@given(accept=st.text(max_size=80))
def test_any_header_is_understood_or_refused(accept):
    """No header escapes as another exception."""
    with contextlib.suppress(HTTPException):
        assert accepted(accept) in Form
