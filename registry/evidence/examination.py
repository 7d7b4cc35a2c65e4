"""Verification of a pack, a numbered recipe. It needs no network, no service and no trust but the policy's.

| step | what | what it stops |
|---|---|---|
| 1 container | the zip is in its one form, with known members only | anything hidden in the file, bombs, odd paths |
| 2 signature | the statement is signed by a log of the policy | a pack by somebody else |
| 3 members | every member has its digest in the statement | a changed, added or dropped member |
| 4 checkpoint | one checkpoint of that log, cosigned as the policy asks | a log shown to one reader alone |
| 5 inclusion | enrolment, commitment, nonce, issue, verdict are under it | entries that were never logged |
| 6 order | commitment, checkpoint, nonce, issue, verdict; the log only grew | carriers or codewords fitted to a model |
| 7 openings | names, nonce and codeword are those committed to | another device's codeword; a codeword chosen later |
| 8 logged verdict | the statement says what the log's verdict says | a second, better verdict |
| 9 release | pack and look are the committed ones | probes, references, alpha or a look chosen afterwards |
| 10 answers | the raw answers are those that were judged | changed or picked answers |
| 11 evidence | y is recomputed; no codeword is in reach | evidence fitted to a device |
| 12 verdict | t, p and the verdict are recomputed | wrong arithmetic |
| 13 fresh codewords | codewords of nobody score as chance allows | a test that anybody would fail |
| 14 control models | other suspects are rescored with the same codeword | the same |
| 15 time stamps | stamps date the entries | a log made up afterwards |
| 16 own key | the device's holder checks the codeword against its key | a codeword that is not the device's |

A step that fails ends the examination: later steps rest on earlier ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fingerprint.errors import FingerprintError
from registry.errors import RegistryError
from registry.evidence import steps_controls, steps_log, steps_verdict
from registry.evidence.case_file import CaseFile

OK, FAILED, NOT_REACHED = "ok", "failed", "not reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the recipe."""

    name: str
    check: Callable[[CaseFile], str]


STEPS = (
    Step("container", steps_log.container_form),
    Step("signature", steps_log.signature),
    Step("members", steps_log.members),
    Step("checkpoint", steps_log.checkpoint),
    Step("inclusion", steps_log.inclusion),
    Step("order", steps_log.order),
    Step("openings", steps_log.openings),
    Step("logged verdict", steps_log.logged_verdict),
    Step("release", steps_verdict.release),
    Step("answers", steps_verdict.answers),
    Step("evidence", steps_verdict.evidence),
    Step("verdict", steps_verdict.verdict),
    Step("fresh codewords", steps_controls.fresh_codewords),
    Step("control models", steps_controls.models),
    Step("time stamps", steps_controls.time_stamps),
    Step("own key", steps_controls.own_key),
)
_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What became of one step: `ok`, `failed` or `not reached`, and what was found, or why it failed."""

    step: int
    name: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What became of every step, in order.

    Attributes:
        steps: one for each row of the recipe.
        finding: the statement's finding, recomputed; None unless every step held.
        accused: name of the device, None unless every step held.
        suspect: what the suspect is called, None unless every step held.
    """

    steps: tuple[StepResult, ...]
    finding: dict[str, Any] | None
    accused: str | None
    suspect: str | None

    def __bool__(self) -> bool:
        raise TypeError("an examination is not a yes or no; read .verified and .failed")

    @property
    def verified(self) -> bool:
        """Whether every step held."""
        return all(step.result == OK for step in self.steps)

    @property
    def failed(self) -> StepResult | None:
        """The step that failed."""
        return next((step for step in self.steps if step.result == FAILED), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        steps = [{name: getattr(step, name) for name in StepResult.__slots__} for step in self.steps]
        failed = None if self.failed is None else self.failed.step
        return {
            "verified": self.verified,
            "failed_step": failed,
            "accused": self.accused,
            "suspect": self.suspect,
            "finding": self.finding,
            "steps": steps,
        }


def examine(file: CaseFile) -> Examination:
    """Every step, until one fails. Whatever the bytes are, it returns; it raises for no pack.

    Example:
        >>> from registry.log.policy import Policy
        >>> found = examine(CaseFile(b"no zip file", Policy(logs=(), witnesses={}, groups={}, quorum="none")))
        >>> found.verified, found.failed.name
        (False, 'container')
    """
    results: list[StepResult] = []
    for number, step in enumerate(STEPS, 1):
        if results and results[-1].result != OK:
            outcome, detail = NOT_REACHED, ""
        else:
            outcome, detail = _take(step, file)
        results.append(StepResult(step=number, name=step.name, result=outcome, detail=detail))
    whole = results[-1].result == OK
    return Examination(
        steps=tuple(results),
        finding=dict(file.statement["finding"]) if whole else None,
        accused=file.statement["accused"]["device"] if whole else None,
        suspect=file.statement["case"]["suspect"] if whole else None,
    )


def _take(step: Step, file: CaseFile) -> tuple[str, str]:
    try:
        return OK, step.check(file)
    except (RegistryError, FingerprintError) as error:
        return FAILED, str(error)
    except _MALFORMED as error:  # a signed statement of another shape than ours
        return FAILED, f"out of form: {error!r}"
