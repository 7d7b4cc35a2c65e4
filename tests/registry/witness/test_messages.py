# ruff: noqa: E501 - the specification's lines, as they stand
"""What is sent to a witness: round trips and the specification's example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedRequest
from registry.witness.messages import AddCheckpoint, parse_cosignatures, parse_size

# The example of C2SP tlog-witness.
EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""
ANSWER = """— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
"""


def test_the_specified_request() -> None:
    """The specification's request is read and written as it stands."""
    request = AddCheckpoint.parse(EXAMPLE.encode())
    assert (request.old, len(request.hashes)) == (20852014, 4)
    assert request.note.startswith("example.com/behind-the-sofa\n20852163\n")
    assert request.render() == EXAMPLE.encode()


def test_the_specified_answer() -> None:
    """The specification's answer is read as two cosignature lines."""
    first, second = parse_cosignatures(ANSWER.encode())
    assert (first.name, second.name) == ("witness.example/w1", "witness.example/w2")
    assert first.line() + second.line() == ANSWER


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_round_trip(old: int, hashes: list[bytes]) -> None:
    """A request is read back as it was written."""
    request = AddCheckpoint(old=old, hashes=tuple(hashes), note="note")
    assert AddCheckpoint.parse(request.render()) == request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 5\n",
        b"new 5\n\nnote",
        b"old 05\n\nnote",
        b"old -1\n\nnote",
        b"old 9223372036854775808\n\nnote",
        b"old \xd9\xa5\n\nnote",
        b"old 5\n!\n\nnote",
        b"\xff\n\nnote",
        b"old 5\n" + b"AAAA\n" * 64 + b"\nnote",
        b"old 5\n\n" + bytes(1_000_001),
    ],
)
def test_malformed_requests(body: bytes) -> None:
    """What is no request raises one error."""
    with pytest.raises(MalformedRequest):
        AddCheckpoint.parse(body)


@pytest.mark.parametrize("body", [b"", b"\n", b"hello\n", ANSWER.encode()[:-1], b"\xff\n"])
def test_malformed_answers(body: bytes) -> None:
    """What is no cosignature line raises one error."""
    with pytest.raises(MalformedRequest):
        parse_cosignatures(body)


def test_sizes() -> None:
    """A size is a decimal number in its one form."""
    assert parse_size("0") == 0
    for text in ("", "00", "1 ", "+1", "1_0"):
        with pytest.raises(MalformedRequest):
            parse_size(text)
