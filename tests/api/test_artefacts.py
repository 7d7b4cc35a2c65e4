"""Minting a copy's file from its base, tensor by tensor."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from api.artefacts import ArtefactError, check_base, last_layer, mint
from api.suspects.safetensors import decode, encode
from fingerprint.errors import ParameterError
from fingerprint.kit import SigningKit
from fingerprint.minting import head_change


@pytest.fixture
def codeword(world):
    """Some codeword of the release."""
    return np.where(np.random.default_rng(1).integers(0, 2, world.kit.bits) > 0, 1, -1).astype(np.int8)


def _base(world, kind) -> bytes:
    """The base with its head in a type that numpy may lack."""
    weight, bias = encode(world.weight, kind), encode(world.bias, kind)
    header = {
        "fc.weight": {"dtype": kind, "shape": list(world.weight.shape), "data_offsets": [0, len(weight)]},
        "fc.bias": {"dtype": kind, "shape": [6], "data_offsets": [len(weight), len(weight) + len(bias)]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + weight + bias


def test_the_head_moves_by_the_kits_delta(world, codeword):
    """W <- W + delta_W, bias <- bias + delta_b, exactly; nothing else changes."""
    copy = load_safetensors(mint(world.base, world.kit, codeword, head="fc", about={}))
    change = head_change(world.kit, codeword)
    np.testing.assert_array_equal(copy["fc.weight"], (world.weight + change[:, :-1]).astype(np.float32))
    np.testing.assert_array_equal(copy["fc.bias"], (world.bias + change[:, -1]).astype(np.float32))
    np.testing.assert_array_equal(copy["other.weight"], np.arange(6, dtype=np.float16))


@pytest.mark.parametrize(("kind", "step"), [("F64", 0), ("F32", 1e-6), ("F16", 2e-3), ("BF16", 2e-2)])
def test_each_floating_type_is_minted_in_itself(world, codeword, kind, step):
    """The copy's head is the sum rounded to the nearest value of its type."""
    base = _base(world, kind)
    copy = mint(base, world.kit, codeword, head="fc", about={})
    length = struct.unpack_from("<Q", copy)[0]
    entry = json.loads(copy[8 : 8 + length])["fc.weight"]
    begin, end = entry["data_offsets"]
    assert entry["dtype"] == kind
    got = decode(copy[8 + length + begin : 8 + length + end], kind).reshape(world.weight.shape)
    want = (
        decode(encode(world.weight, kind), kind).reshape(world.weight.shape) + head_change(world.kit, codeword)[:, :-1]
    )
    assert np.abs(got - want).max() <= step
    assert length % 8 == 0  # the tensors stay aligned


def test_equal_input_gives_equal_bytes(world, codeword):
    """The digest of a copy can be computed again."""
    made = [mint(world.base, world.kit, codeword, head="fc", about={"copy": "x"}) for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda base: b"", "safetensors"),
        (lambda base: base[:-1], "truncated"),
        (lambda base: save_safetensors({}), "safetensors"),
        (lambda base: base[:40], "safetensors"),
        (lambda base: save_safetensors({"fc.weight": np.zeros((6, 5), np.float32)}), "fit"),
        (lambda base: save_safetensors({"fc.weight": np.zeros((6, 24), np.int8)}), "quantise"),
        (
            lambda base: save_safetensors({"fc.weight": np.full((6, 24), 6e4, np.float16), "fc.bias": np.zeros(6)}),
            "float32",
        ),
        (lambda base: save_safetensors({"head.weight": np.zeros((6, 24), np.float32)}), "head"),
        (lambda base: save_safetensors({"fc.weight": np.zeros((6, 24), np.float32)}), "fc.bias"),
        (lambda base: base.replace(b"F32", b"F8X"), "F8X"),
    ],
)
def test_a_base_that_cannot_be_minted_from_is_refused(world, spoil, says):
    """Each reason is said, before a copy is reserved."""
    strong = SigningKit(**{**{f: getattr(world.kit, f) for f in world.kit.__dataclass_fields__}, "sigma": 1e7})
    with pytest.raises(ArtefactError, match=says):
        check_base(spoil(world.base), strong, head="fc")


def test_a_kit_without_a_minting_map_is_refused(world):
    """A release that only distils says so."""
    fields = {name: getattr(world.kit, name) for name in world.kit.__dataclass_fields__}
    with pytest.raises(ParameterError, match="distil"):
        check_base(world.base, SigningKit(**{**fields, "minting": None}), head="fc")


def test_the_last_layer_is_found_by_its_shape(world):
    """The one linear layer with bias that the kit fits; none or several of that shape must be named by hand."""
    assert last_layer(world.base, world.kit) == "fc"
    fitting = {"weight": world.weight, "bias": world.bias}
    twice = {f"{layer}.{name}": tensor for layer in ("a", "b") for name, tensor in fitting.items()}
    with pytest.raises(ArtefactError, match="'a', 'b'"):
        last_layer(save_safetensors(twice), world.kit)
    with pytest.raises(ArtefactError, match="no layer"):
        last_layer(save_safetensors({"fc.weight": world.weight}), world.kit)
