"""Alpha is spent once on a case: whatever is opened, asked, cancelled, tried again and sent, in whatever order."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from api.jobs.stepping import Stepper
from api.suspects.errors import AnswerUnusable
from api.suspects.suspect import Reply
from fingerprint.statistics import SequentialPlan
from registry.errors import CaseDecided, JobEnded, JobNotFailed, JobOpen, LooksTaken
from registry.jobs import JobState, NewJob
from registry.verification import settle, verify_case, weigh
from tests.registry.conftest import clean_answers

ON_EVERY_DATABASE = True
FIRST = 30  # then 60, then all 120
ASKING = NewJob(suspect="s", spec=b"{}", kind="logits", batch=60)


class Clean:
    """A suspect that answers alike and carries nothing, or refuses."""

    identity, at_once = "clean", None

    def __init__(self, pack: Any) -> None:
        self._answers = dict(zip(map(bytes, pack.probes), clean_answers(pack), strict=True))
        self.refuses = False

    def ask(self, batch: NDArray[Any]) -> Reply:
        """Its logits."""
        if self.refuses:
            raise AnswerUnusable("it refuses")
        return Reply(answers=np.stack([self._answers[bytes(probe)] for probe in batch]), exchange={})

    def close(self) -> None:
        """Nothing is open."""


class Planned:
    """A registry with a release whose commitment holds a plan of three looks, a suspect, and a worker."""

    def __init__(self, filled: Any, pack: Any) -> None:
        self.store, self.tenant, self.pack = filled.store, filled.tenant, pack
        self.suspect, self.answers = Clean(pack), clean_answers(pack)
        with self.store.unit() as registry:
            registry.commit_release(self.tenant, "planned", pack=pack.to_bytes(), first_look=FIRST)
        self.plan = SequentialPlan.doubling(pack.release_id, probes=pack.count, alpha=pack.alpha, first=FIRST)
        worker = Stepper(self.store, lambda _: self.suspect, owner="me", seconds=60, said=lambda *_: None)
        self.step = worker.step

    def do(self, name: str, *args: Any, **named: Any) -> Any:
        """A use-case in a unit of its own."""
        with self.store.unit() as registry:
            return getattr(registry, name)(self.tenant, *args, **named)

    def case(self) -> str:
        """A new case."""
        return str(self.do("open_case", "planned", suspect="s").id)

    def upload(self, case: str) -> Any:
        """All answers, judged at the whole alpha."""
        with self.store.unit() as registry:
            return verify_case(registry, self.tenant, case, kind="logits", answers=self.answers)

    def looked(self) -> tuple[str, str]:
        """A case about which a job took one look and failed then, and the job."""
        case = self.case()
        job = self.do("open_job", case, ASKING).id
        self.step(), self.step()
        self.suspect.refuses = True
        self.step()
        self.suspect.refuses = False
        assert self.do("job", job).state == JobState.FAILED
        return case, job

    def looks(self, case: str) -> int:
        """How many looks were taken about the case."""
        with self.store.reading() as registry:
            found = registry._cases._tools.repository.jobs.looked_about(self.tenant, case)
        return sum(count for _, count in found)


@pytest.fixture
def planned(filled: Any, another_pack: Any) -> Planned:
    """One for each test."""
    return Planned(filled, another_pack("planned"))


def test_after_a_look_nothing_but_its_job_decides(planned: Planned) -> None:
    """Neither an upload nor another job; tried again, the job takes its other looks and decides."""
    case, job = planned.looked()
    with pytest.raises(LooksTaken, match=f"job {job} .failed. took 1 look of the plan about case {case}.* again"):
        planned.upload(case)
    with pytest.raises(LooksTaken):
        planned.do("open_job", case, ASKING)
    planned.do("retry_job", job)
    with pytest.raises(LooksTaken, match="follow that job"):
        planned.upload(case)
    while planned.step():
        pass
    verdict = planned.do("verdict", case).verdict
    assert (verdict.probes, verdict.alpha) == (120, planned.plan.looks[-1].alpha)
    for again in (planned.upload, lambda it: planned.do("open_job", it, ASKING)):
        with pytest.raises(CaseDecided):
            again(case)


def test_a_case_whose_job_was_cancelled_after_a_look_is_closed(planned: Planned) -> None:
    """The way out is another case, and the error says so."""
    case, job = planned.looked()
    planned.do("cancel_job", job)
    for again in (planned.upload, lambda it: planned.do("open_job", it, ASKING)):
        with pytest.raises(LooksTaken, match="open another case; that is another test"):
            again(case)
    assert not planned.do("case", case).decided
    assert planned.upload(planned.case()).verdict.alpha == planned.pack.alpha


def test_a_look_taken_while_an_upload_was_weighed_wins(planned: Planned) -> None:
    """The upload's verdict, made before anybody had looked, is not recorded."""
    case = planned.case()
    planned.do("open_job", case, ASKING)
    with planned.store.reading() as registry:
        weighed = weigh(registry, planned.tenant, case, kind="logits", answers=planned.answers)
    planned.step(), planned.step()
    with planned.store.unit() as registry, pytest.raises(LooksTaken):
        settle(registry, weighed)
    assert not planned.do("case", case).decided


def test_an_upload_before_the_first_look_ends_the_job(planned: Planned) -> None:
    """An upload first, then a job, or the rest of one: the job asks nothing more."""
    case = planned.case()
    job = planned.do("open_job", case, ASKING).id
    planned.step()
    planned.upload(case)
    while planned.step():
        pass
    found = planned.do("job", job)
    assert (found.state, found.answered, planned.looks(case)) == (JobState.FAILED, FIRST, 0)
    assert f"case {case} has its verdict" in found.failure
    with pytest.raises(CaseDecided):
        planned.do("retry_job", job)


def test_of_two_jobs_only_the_one_that_looked_goes_on(planned: Planned) -> None:
    """One that failed before its first look is not tried again once another one has looked."""
    case, planned.suspect.refuses = planned.case(), True
    first = planned.do("open_job", case, ASKING).id
    planned.step()
    planned.suspect.refuses = False
    second = planned.do("open_job", case, ASKING).id
    planned.step(), planned.step()
    planned.do("cancel_job", second)
    with pytest.raises(LooksTaken, match=second):
        planned.do("retry_job", first)


def test_a_job_opened_while_a_cancelled_one_looked_asks_nothing_more(planned: Planned) -> None:
    """The look under way is recorded after all, and counts."""
    case = planned.case()
    first = planned.do("open_job", case, ASKING).id
    planned.step()
    with planned.store.unit() as registry:
        look = registry.leases.take("other", 60)
    planned.do("cancel_job", first)
    second = planned.do("open_job", case, ASKING).id
    planned.step()
    with planned.store.unit() as registry:
        registry.leases.undecided(look, kind="logits")
    assert planned.step()
    found = planned.do("job", second)
    assert (found.state, found.answered) == (JobState.FAILED, FIRST)
    assert f"job {first} (cancelled) took 1 look" in found.failure
    with pytest.raises(LooksTaken):
        planned.upload(case)


REFUSALS = (CaseDecided, LooksTaken, JobOpen, JobEnded, JobNotFailed)
ACTS = st.lists(st.sampled_from(["open", "step", "step", "step", "refuse", "cancel", "retry", "upload"]), max_size=14)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(acts=ACTS)
def test_no_order_of_acts_spends_more_than_alpha(planned: Planned, acts: list[str]) -> None:
    """Parts of alpha of all looks taken, and of the verdict that no look gave, come to alpha at most."""
    case, jobs = planned.case(), []
    for act in acts:
        try:
            if act == "open":
                jobs.append(planned.do("open_job", case, ASKING).id)
            elif act == "upload":
                planned.upload(case)
            elif act in ("step", "refuse"):
                planned.suspect.refuses = act == "refuse"
                planned.step()
            elif jobs:
                planned.do(f"{act}_job", jobs[len(acts) % len(jobs)])
        except REFUSALS:
            continue
    for job in jobs:  # nothing of this example is left to the next one's worker
        if planned.do("job", job).state in ("waiting", "running"):
            planned.do("cancel_job", job)
    spent = planned.looks(case) * planned.plan.looks[0].alpha
    if planned.do("case", case).decided and planned.do("verdict", case).verdict.alpha == planned.pack.alpha:
        spent += planned.pack.alpha
    assert spent <= planned.pack.alpha * (1 + 1e-9)
