"""Tenants: none sees another's rows, and every statement that touches them says whose it wants."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from fingerprint.pack import VerifierPack
from fingerprint.possession import public_key
from registry.errors import NotFound
from registry.jobs import NewJob
from registry.models import CopyRow, DeviceRow, LogEntryRow, TenantRow
from registry.records import RecordedVerdict, Scope
from registry.repository.enrolling import TAKEN
from registry.requests import Request
from tests.registry.tenancy import OWNED, REGISTRY, Skipping, Unconfined, Watch, unconfined

ON_EVERY_DATABASE = True

DIGEST = "sha256:" + "a" * 64
KEY = public_key(bytes(32))
ASKED = Request(sender="k", key="k", fingerprint="f")
ASKING = NewJob(suspect="s", spec=b"{}", credential=b"t", batch=60)


def test_no_tenant_sees_anothers_rows(filled: Any, decided: RecordedVerdict, pack: VerifierPack) -> None:
    """With another tenant's id, everything of the first one is unknown, and every list is empty."""
    copy_id = filled.reservations[0].copy_id
    with filled.store.unit() as registry:
        key = registry.create_api_key(filled.tenant, "k", {Scope.AUDIT}).id
        asked = registry.open_challenge(filled.tenant, "pump 0", purpose="x", seconds=60).id
        opened = registry.open_case(filled.tenant, "v1", suspect="x").id
        job = registry.open_job(filled.tenant, opened, ASKING).id
        stranger = registry.create_tenant("stranger").id
        for use in (
            lambda: registry.device(stranger, "pump 0"),
            lambda: registry.helper_data(stranger, "pump 0"),
            lambda: registry.revoke_device(stranger, "pump 0"),
            lambda: registry.release(stranger, "v1"),
            lambda: registry.pack(stranger, "v1"),
            lambda: registry.commitment(stranger, "v1"),
            lambda: registry.reserve_copy(stranger, "v1", "pump 0"),
            lambda: registry.copy(stranger, copy_id),
            lambda: registry.issue_copy(stranger, copy_id, artefact_digest=DIGEST, method="minted"),
            lambda: registry.copies(stranger, "v1"),
            lambda: registry.candidates(stranger, "v1"),
            lambda: registry.open_case(stranger, "v1", suspect="x"),
            lambda: registry.case(stranger, decided.case_id),
            lambda: registry.verdict(stranger, decided.case_id),
            lambda: registry.record_verdict(
                stranger, decided.case_id, decided.verdict, observation_digest=decided.observation_digest
            ),
            lambda: registry.revoke_api_key(stranger, key),
            lambda: registry.reenroll_device(stranger, "pump 0", helper_data=b"h", identity="ab" * 32),
            lambda: registry.open_challenge(stranger, "pump 0", purpose="x", seconds=60),
            lambda: registry.challenge(stranger, asked),
            lambda: registry.possession(stranger, asked),
            lambda: registry.answer_challenge(stranger, asked, public_key=bytes(32), signature=bytes(64)),
            lambda: registry.judge_answer(stranger, asked),
            lambda: registry.open_job(stranger, opened, ASKING),
            lambda: registry.job(stranger, job),
            lambda: registry.job_events(stranger, job),
            lambda: registry.cancel_job(stranger, job),
            lambda: registry.retry_job(stranger, job),
            lambda: registry.job_record(stranger, opened),
        ):
            with pytest.raises(NotFound):
                use()
        for listing in (registry.devices, registry.releases, registry.copies, registry.cases, registry.jobs):
            assert listing(stranger).items == ()
        assert registry.api_keys(stranger) == registry.page_of_api_keys(stranger).items == ()
        assert registry.copies_of_artefact(stranger, DIGEST).items == ()
        assert registry.enrolled(stranger) == 0
        # The same names are free for the other tenant.
        registry.enroll_device(stranger, "pump 0", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
        registry.commit_release(stranger, "v1", pack=pack.to_bytes())
    with filled.store.unit() as registry:
        registry.reserve_copy(stranger, "v1", "pump 0")
        with pytest.raises(NotFound):
            registry.reserve_copy(stranger, "v1", "pump 1")
        assert registry.candidates(stranger, "v1").devices == (registry.device(stranger, "pump 0").id,)
        assert len(registry.candidates(filled.tenant, "v1").devices) == 3
    filled.store.audit()


def test_the_database_refuses_what_crosses_tenants(filled: Any, data_dir: Path) -> None:
    """A copy of one tenant's release for another tenant's device breaks a foreign key."""
    with filled.store.unit() as registry:
        stranger = registry.create_tenant("stranger").id
    with closing(sqlite3.connect(data_dir / "registry.db")) as raw:
        raw.execute("PRAGMA foreign_keys=ON")
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            raw.execute("UPDATE copy SET tenant_id = ?", (stranger,))


def every_use(filled: Any, decided: RecordedVerdict, tenant: str) -> None:
    """Every use-case that reads or changes a tenant's rows."""
    with filled.store.unit() as registry:
        key = registry.create_api_key(tenant, "every", {Scope.AUDIT})
        registry.api_keys(tenant)
        registry.page_of_api_keys(tenant, after="a", limit=1)
        registry.revoke_api_key(tenant, key.id)
        registry.enroll_device(tenant, "new", helper_data=b"h", identity="ef" * 32, codeword_key=bytes(32))
        registry.helper_data(tenant, "new")
        registry.devices(tenant, after="a", limit=1)
        registry.enrolled(tenant)
        registry.reserved(tenant, "v1")
        registry.reenroll_device(tenant, "new", helper_data=b"h", identity="ef" * 32, possession_key=KEY)
        asked = registry.open_challenge(tenant, "new", purpose="x", seconds=60).id
        registry.answer_challenge(tenant, asked, public_key=KEY, signature=bytes(64))
        registry.judge_answer(tenant, asked)
        registry.challenge(tenant, asked)
        registry.possession(tenant, asked)
        registry.revoke_device(tenant, "new")
        hold = registry.place_hold(tenant, "device", "new", reason="Case 7")
        registry.lift_hold(tenant, hold.id)
        registry.holds(tenant, after="a")
        registry.forget_device(tenant, "new")
        registry.apply_retention(tenant, hold.placed_at)
        registry.releases(tenant, after="a")
        registry.pack(tenant, "v1")
        registry.commitment(tenant, "v1")
        reservation = registry.reserve_copy(tenant, "v1", "pump 0")
        registry.issue_copy(tenant, reservation.copy_id, artefact_digest=DIGEST, method="minted")
        registry.copies(tenant, "v1", after="0")
        registry.copies_of_artefact(tenant, DIGEST, after="0")
        registry.candidates(tenant, "v1")
        answers = registry.answers(tenant, decided.case_id)
        registry.exhibits(tenant, decided.case_id, device="pump 0")
        case = registry.open_case(tenant, "v1", suspect="x")
        registry.cases(tenant, after="0")
        registry.record_verdict(
            tenant, case.id, decided.verdict, observation_digest=decided.observation_digest, answers=answers
        )
        registry.verdict(tenant, case.id)
        every_use_of_jobs(registry, tenant)
        registry.keep_answer(tenant, ASKED, "answer")
        registry.done_request(tenant, ASKED)


def every_use_of_jobs(registry: Any, tenant: str) -> None:
    """The same of jobs, and of leases."""
    case = registry.open_case(tenant, "v1", suspect="x").id
    job = registry.open_job(tenant, case, ASKING).id
    registry.jobs(tenant, after="0")
    lease = registry.leases.take("me", 5)
    registry.leases.keep(lease, 5)
    registry.leases.answer(lease, b'{"answers":[]}')
    registry.leases.answers(lease)
    registry.leases.plan(tenant, case)
    registry.leases.postpone(registry.leases.take("me", 5), "no answer", 0)
    registry.leases.fail(registry.leases.take("me", 5), "no")
    registry.retry_job(tenant, job, budget=300)
    registry.leases.give_back(registry.leases.take("me", 5))
    registry.job_events(tenant, job)
    registry.job_record(tenant, case)
    registry.cancel_job(tenant, job)


def test_every_statement_says_whose_rows_it_wants(filled: Any, decided: RecordedVerdict, watch: Watch) -> None:
    """Every use-case runs under the eyes of the watch, which every test of the registry has; it saw every table."""
    every_use(filled, decided, filled.tenant)
    updated = {"device", "copy", "api_key", "legal_hold", "challenge", "reenrolment", "verification_job", "job_shard",
               "done_request"}  # fmt: skip
    changed = {*(f"UPDATE {name}" for name in updated), "DELETE api_key", "DELETE done_request"}
    assert watch.seen >= {f"SELECT {name}" for name in OWNED} | changed


A, B, MINE = CopyRow, aliased(CopyRow), CopyRow.tenant_id == "me"
SAME = A.tenant_id == DeviceRow.tenant_id


@pytest.mark.parametrize(
    "statement",
    [
        select(A).where(MINE),
        select(A).where(A.id == "x", or_(A.nonce == b"", A.after == 1), MINE),
        select(A).join(DeviceRow, SAME).where(MINE),
        select(A).join(DeviceRow, SAME).where(DeviceRow.tenant_id == "me"),
        select(A).outerjoin(DeviceRow, SAME).where(MINE),
        select(DeviceRow).where(exists().where(SAME, A.device_pk == DeviceRow.id), DeviceRow.tenant_id == "me"),
        select(A.id).where(MINE, A.id.in_(select(B.id).where(B.tenant_id == "me"))),
        update(A).where(MINE).values(after=1),
        delete(A).where(MINE, A.id == "x"),
        select(TenantRow),
        select(LogEntryRow),
        *TAKEN.values(),  # sent past the watch, by the driver
    ],
    ids=str,
)
def test_a_confined_statement_passes(statement: Any) -> None:
    """Tied to a parameter directly, by a join, or through an enclosing select; or about no tenant's table."""
    assert unconfined(statement) == set()


@pytest.mark.parametrize(
    "statement",
    [
        select(A),
        select(A).where(A.id == "me"),
        select(A).where(or_(MINE, A.id == "x")),
        select(A).where(~MINE),
        select(A).where(A.tenant_id != "me"),
        select(A).where(A.tenant_id == A.tenant_id),
        select(A).join(DeviceRow, A.device_pk == DeviceRow.id).where(MINE),
        select(A).join(DeviceRow, SAME),
        select(A).outerjoin(DeviceRow, SAME).where(DeviceRow.id == "x"),
        select(A).outerjoin(DeviceRow, MINE),
        select(A).join(B, B.id == A.id).where(MINE),
        select(DeviceRow).where(exists().where(A.device_pk == DeviceRow.id), DeviceRow.tenant_id == "me"),
        select(A.id).where(MINE, A.id.in_(select(B.id))),
        select(A.id, select(func.count(B.id)).scalar_subquery()).where(MINE),
        update(A).where(A.id == "x").values(after=1),
        delete(A),
    ],
    ids=str,
)
def test_an_unconfined_statement_is_found(statement: Any) -> None:
    """No tie, one under OR or NOT, one that only an optional side has, or one that a second table lacks."""
    assert unconfined(statement)


def test_the_watch_refuses_a_query_without_its_tenant(filled: Any, engine: str) -> None:
    """A repository that forgets the tenant fails in whatever test meets it: here one that is asked by a wrong id."""
    with filled.store.reading() as registry:
        session = registry._devices._tools.repository.devices._session
        code = compile("session.scalars(select(DeviceRow)).all()", f"{REGISTRY}/repository/devices.py", "exec")
        with pytest.raises(Unconfined, match="device"):
            exec(code, {"session": session, "select": select, "DeviceRow": DeviceRow})


def test_the_watch_refuses_a_page_that_skips_rows(filled: Any) -> None:
    """Lists go on after a key, never after a number of rows."""
    with filled.store.reading() as registry:
        session = registry._devices._tools.repository.devices._session
        mine = select(DeviceRow).where(DeviceRow.tenant_id == filled.tenant)
        code = compile("session.scalars(mine.limit(1).offset(1)).all()", f"{REGISTRY}/repository/devices.py", "exec")
        with pytest.raises(Skipping):
            exec(code, {"session": session, "mine": mine})


def test_answers_of_two_tenants_do_not_meet(
    filled: Any, pack: VerifierPack, answers: NDArray[np.float64], another_pack: Callable[[str], VerifierPack]
) -> None:
    """A verdict over one tenant's release corrects for that tenant's devices only."""
    with filled.store.unit() as registry:
        stranger = registry.create_tenant("stranger").id
        for number in range(5):
            registry.enroll_device(stranger, f"d{number}", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
        assert (registry.enrolled(filled.tenant), registry.enrolled(stranger)) == (3, 5)
