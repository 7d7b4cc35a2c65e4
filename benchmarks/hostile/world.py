"""The registry that is attacked: one release of a small linear model, one device, one copy, one decided case."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.workspace import Workspace
from benchmarks.linear_world import linear_release
from fingerprint import seeds
from fingerprint.codeword import codeword_key
from fingerprint.possession import public_key
from registry.store import init_store, open_registry

FEATURES, CLASSES, PROBES = 24, 6, 400
RELEASE, DEVICE = "hostile-1", "edge-0"


@dataclass(frozen=True, kw_only=True)
class World:
    """What the attack needs to know.

    Attributes:
        token: of a key that may do everything.
        weight, bias: the leaked copy, z = W x + b.
    """

    token: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def make(data: Path) -> World:
    """A fresh registry in a directory."""
    draw = seeds.stream("benchmarks", "hostile")
    weight, bias = draw.normal(size=(CLASSES, FEATURES)), draw.normal(size=CLASSES)
    probes = draw.normal(size=(PROBES, FEATURES)).astype(np.float32)
    logits = probes @ weight.T + bias
    key = bytes(draw.bytes(32))
    pack, kit = linear_release(probes, logits, key)
    init_store(data)
    with open_registry(data) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("default").id
            made = registry.create_api_key(tenant, "all", {"release", "investigate", "audit", "admin"})
        desk = Workspace(store=store, tenant=tenant, max_array_bytes=1 << 24)
        desk.commit_release(RELEASE, pack=pack.to_bytes())
        desk.enroll_device(
            DEVICE,
            helper_data=b"helper",
            identity="0f" * 32,
            codeword_key=codeword_key(b"d" * 32),
            possession_key=public_key(b"d" * 32),
        )
        change, shift = kit.head_delta(desk.reserve_copy(RELEASE, DEVICE).signs())
    return World(token=made.token, weight=(weight + change).astype(np.float32), bias=(bias + shift).astype(np.float32))
