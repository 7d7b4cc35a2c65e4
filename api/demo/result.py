"""What the demonstration found, as a frozen value and as the JSON that others read."""

from dataclasses import dataclass
from typing import Any

from registry.evidence.examination import Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One suspect and its verdict.

    Attributes:
        name, kind, true_devices, must_name, accuracy: of the suspect.
        named_devices: whom the verdict names.
        score, p_value, family_wise_p: of the best device.
        alpha, threshold: declared with the release.
        scores: t of every device.
    """

    name: str
    kind: str
    true_devices: tuple[str, ...]
    must_name: bool
    accuracy: float
    named_devices: tuple[str, ...]
    score: float
    p_value: float
    family_wise_p: float
    alpha: float
    threshold: float
    scores: dict[str, float]

    @property
    def right(self) -> bool:
        """No innocent named; and where the evidence must suffice, exactly the true device."""
        innocent = set(self.named_devices) - set(self.true_devices)
        return not innocent and (not self.must_name or set(self.named_devices) == set(self.true_devices))

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON contract."""
        return {
            "name": self.name,
            "kind": self.kind,
            "true_devices": list(self.true_devices),
            "named_devices": list(self.named_devices),
            "accuracy": self.accuracy,
            "score": self.score,
            "p_value": self.p_value,
            "family_wise_p": self.family_wise_p,
            "alpha": self.alpha,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """Everything that `countermark demo` shows.

    Attributes:
        devices: names of the enrolled devices.
        teacher_accuracy, clean_accuracy: of the teacher, and the mean of the clean students.
        copies: accuracy of every device's copy, by device.
        findings: one for each suspect.
        log_size, log_root: of the audited log.
        pack: what the offline verifier found in the evidence pack about one of the suspects.
        seconds: wall time of the whole demonstration.
    """

    devices: tuple[str, ...]
    teacher_accuracy: float
    clean_accuracy: float
    copies: dict[str, float]
    findings: tuple[Finding, ...]
    log_size: int
    log_root: str
    pack: Examination
    seconds: float

    @property
    def right(self) -> bool:
        """Whether every suspect was named rightly, and the evidence pack holds."""
        return all(finding.right for finding in self.findings) and self.pack.verified

    @property
    def cost_points(self) -> float:
        """Accuracy that the signature costs, in points, averaged over the copies; negative when they are better."""
        return 100 * (self.clean_accuracy - sum(self.copies.values()) / len(self.copies))

    def to_dict(self) -> dict[str, Any]:
        """The JSON contract, and what the pictures were drawn from."""
        return {
            "devices": len(self.devices),
            "clean_accuracy": self.clean_accuracy,
            "suspects": [finding.to_dict() for finding in self.findings],
            "log": {"size": self.log_size, "root": self.log_root, "audited": True},
            "evidence_pack": self.pack.to_dict(),
            "teacher_accuracy": self.teacher_accuracy,
            "copy_accuracies": self.copies,
            "accuracy_cost_points": self.cost_points,
            "scores": {finding.name: finding.scores for finding in self.findings},
            "threshold": self.findings[0].threshold,
            "seconds": self.seconds,
        }
