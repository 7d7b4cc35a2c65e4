"""Every kind of weak PUF keeps the laws of its contract."""

import numpy as np
import pytest

from fingerprint.errors import ParameterError
from fingerprint.puf import HOT, NOMINAL, WeakPuf
from fingerprint.puf.catalogue import WEAK, build


@pytest.fixture(params=sorted(WEAK))
def kind(request):
    """One kind of the catalogue."""
    return request.param


def _build(kind, parameters=None, *, secret=b"a") -> WeakPuf:
    return build(kind, secret, cells=1000, parameters=parameters or {})


def test_the_same_secret_is_the_same_chip(kind):
    """Equal secrets and equal noise give equal read-outs; another secret gives about half of the bits another value."""
    first, same, other = (
        _build(kind, secret=secret).read(np.random.default_rng(1))[0] for secret in (b"a", b"a", b"b")
    )
    assert np.array_equal(first, same)
    assert 0.4 < (first != other).mean() < 0.6


def test_without_noise_every_read_is_the_same(kind):
    """Noise is the only thing that changes between reads."""
    reads = _build(kind, {"noise": 0.0}).read(np.random.default_rng(1), reads=4)
    assert (reads == reads[0]).all()


def test_noise_comes_from_the_given_generator(kind):
    """The same generator state gives the same noise, another one does not, and no global state is touched."""
    chip = _build(kind)
    state = np.random.get_state()[1].tobytes()  # noqa: NPY002 - the global state is what must stay untouched
    one, same, other = (chip.read(np.random.default_rng(seed), reads=3) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.random.get_state()[1].tobytes() == state  # noqa: NPY002 - see above


@pytest.mark.parametrize("environment", [NOMINAL, HOT])
def test_reads_are_bits_of_the_stated_shape(kind, environment):
    """uint8 of 0 and 1, (reads, cells), mostly stable, about half of them ones."""
    chip = _build(kind)
    assert (chip.shape, chip.cells) == ((), 1000)
    reads = chip.read(np.random.default_rng(1), reads=5, environment=environment)
    assert (reads.shape, reads.dtype, reads.max()) == ((5, 1000), np.uint8, 1)
    assert 0.4 < reads.mean() < 0.6
    assert (reads[0] != reads[1]).mean() < 0.25


def test_bad_requests_are_refused(kind):
    """No cells, an unknown parameter, an impossible noise, no reads."""
    with pytest.raises(ParameterError):
        build(kind, b"a", cells=0, parameters={})
    with pytest.raises(ParameterError, match="warmth"):
        _build(kind, {"warmth": 1.0})
    with pytest.raises(ParameterError, match="noise"):
        _build(kind, {"noise": -1.0})
    with pytest.raises(ParameterError, match="reads"):
        _build(kind).read(np.random.default_rng(1), reads=0)


def test_unknown_kinds_are_refused():
    """The message lists the kinds that exist."""
    with pytest.raises(ParameterError, match="sram"):
        build("coating", b"a", cells=8, parameters={})
