"""The registry that is asked: 10^5 devices with a copy each, a release of 10,000 probes over 10 classes, open cases."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale.filling import CLASSES, COMPONENTS, KEK, RELEASE, TENANT, fill
from fingerprint import seeds
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from registry.store import Store, open_registry

PROBES, INPUTS = 10_000, (28, 28)


@dataclass(frozen=True, kw_only=True)
class World:
    """A filled registry: where it is, a key that may do everything, and its tenant's id."""

    data: Path
    token: str
    tenant: str


def make_pack() -> VerifierPack:
    """A verifier pack as of Fashion-MNIST: pictures of 28 x 28 as probes, random numbers for features."""
    draw = seeds.stream("benchmarks", "service")
    features = draw.normal(size=(PROBES, COMPONENTS)).astype(np.float32)
    logits = 3 * draw.normal(size=(PROBES, CLASSES))
    return VerifierPack(
        release_key=draw.bytes(32),
        probes=draw.random(size=(PROBES, *INPUTS)).astype(np.float32),
        features=features,
        references={"clean": (logits - logits.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
    )


def make(data: Path, devices: int) -> World:
    """The registry in a directory, filled."""
    fill(data, None, devices, make_pack())
    with opened(data) as store, store.unit() as registry:
        tenant = registry.tenant(TENANT).id
        token = registry.create_api_key(tenant, "all", {"investigate", "audit"}).token
    return World(data=data, token=token, tenant=tenant)


def opened(data: Path) -> Store:
    """The registry, to be used in a `with`."""
    return open_registry(data, kek=KEK)  # type: ignore[return-value]


def open_cases(world: World, count: int) -> list[str]:
    """So many open cases, in one unit."""
    with opened(world.data) as store, store.unit() as registry:
        return [registry.open_case(world.tenant, RELEASE, suspect="somebody").id for _ in range(count)]


def answers(number: int) -> NDArray[np.float32]:
    """Logits of a suspect that has nothing to do with the release beyond answering alike."""
    pack = make_pack()
    noise = seeds.stream("benchmarks", "service", "suspect", number).normal(size=(PROBES, CLASSES))
    return (pack.references["clean"] + 0.5 * noise).astype(np.float32)


def as_npz(array: NDArray[np.float32]) -> bytes:
    """A file of answers, as clients write it."""
    buffer = io.BytesIO()
    np.savez(buffer, outputs=array)
    return buffer.getvalue()
