"""The registry that is worked on: two releases of a small linear model, one with a plan of looks, and their copies."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.workspace import Workspace
from benchmarks.linear_world import linear_release
from fingerprint import seeds
from fingerprint.codeword import codeword_key
from fingerprint.possession import public_key
from registry.store import init_store, open_registry

FEATURES, CLASSES, PROBES, DEVICES = 24, 6, 400, 3
TENANT = "default"


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """What is asked: a model z = W x + b.

    Attributes:
        release: whose probes it is asked.
        weight, bias: (C, F) and (C,).
    """

    name: str
    release: str
    weight: NDArray[np.float64] = field(repr=False)
    bias: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class World:
    """What the benchmark needs to know: a token that may do everything, and the suspects."""

    token: str
    suspects: tuple[Suspect, ...]


def make(data: Path, url: str | None) -> World:
    """A fresh registry; of each release three copies leaked, and one suspect has nothing to do with it."""
    init_store(data, database_url=url)
    with open_registry(data, database_url=url) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant(TENANT).id
            token = registry.create_api_key(tenant, "all", {"release", "investigate", "audit"}).token
        desk = Workspace(store=store, tenant=tenant, max_array_bytes=1 << 24)
        for number in range(DEVICES):
            _enroll(desk, number)
        suspects = [*_release(desk, "whole", None), *_release(desk, "planned", 50)]
    return World(token=token, suspects=tuple(suspects))


def _enroll(desk: Workspace, number: int) -> None:
    key = bytes([number]) * 32
    desk.enroll_device(
        f"edge-{number}",
        helper_data=b"helper",
        identity=f"{number:064x}",
        codeword_key=codeword_key(key),
        possession_key=public_key(key),
    )


def _release(desk: Workspace, name: str, first_look: int | None) -> list[Suspect]:
    draw = seeds.stream("benchmarks", "resume", name)
    weight, bias = draw.normal(size=(CLASSES, FEATURES)), draw.normal(size=CLASSES)
    probes = draw.normal(size=(PROBES, FEATURES)).astype(np.float32)
    logits, key = probes @ weight.T + bias, bytes(draw.bytes(32))
    pack, kit = linear_release(probes, logits, key)
    desk.commit_release(name, pack=pack.to_bytes(), first_look=first_look)
    noise = 0.05 * draw.normal(size=weight.shape)
    suspects = [Suspect(name=f"{name}, clean", release=name, weight=weight + noise, bias=bias)]
    for number in range(DEVICES):
        change, shift = kit.head_delta(desk.reserve_copy(name, f"edge-{number}").signs())
        copy = {"weight": weight + change, "bias": bias + shift}
        suspects.append(Suspect(name=f"{name}, edge-{number}", release=name, **copy))
    return suspects
