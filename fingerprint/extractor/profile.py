"""A profile: every number that both enrolment and reconstruction must agree on, under one id."""

import math
from dataclasses import dataclass

from fingerprint import canonical
from fingerprint.codes import Code
from fingerprint.codes.tails import binomial_tail
from fingerprint.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a device key is made from a response. `id` changes with every number here.

    Attributes:
        name: short name, lower-case letters, digits and dashes.
        code: error-correcting code over the selected cells.
        cells: response bits that are read.
        bits: strength of the key in bits, a multiple of 8 between 128 and 256; the key has bits / 8 bytes.
        reads: smallest number of read-outs at enrolment.
        darkness: largest share of enrolment reads in which a selected cell may disagree with its majority.
        max_error: share of wrong bits up to which a failed authentication is a forgery and not another device.

    Raises:
        ParameterError: a number out of range, or a code that leaves less entropy than the key needs.
    """

    name: str
    code: Code
    cells: int
    bits: int
    reads: int = 5
    darkness: float = 0.2
    max_error: float = 0.25

    def __post_init__(self) -> None:
        if not self.name or not set(self.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
            raise ParameterError(f"profile name {self.name!r}: use lower-case letters, digits and dashes")
        if not (128 <= self.bits <= 256 and self.bits % 8 == 0):
            raise ParameterError(f"{self.name}: a key of {self.bits} bits; choose a multiple of 8 from 128 to 256")
        if self.code.n % 2 or self.cells < self.code.n:
            raise ParameterError(f"{self.name}: the code's length {self.code.n} must be even and at most {self.cells}")
        if self.reads < 1 or not 0 <= self.darkness < 0.5 or not 0 < self.max_error < 0.5:
            raise ParameterError(f"{self.name}: needs reads >= 1, 0 <= darkness < 0.5, 0 < max_error < 0.5")
        if self.entropy < self.bits:
            raise ParameterError(f"{self.name}: helper data leaves {self.entropy:.1f} bits for {self.bits}")

    @property
    def id(self) -> str:
        """`name/digest`: the digest covers every parameter, so that no two profiles share an id by mistake."""
        numbers = [self.code.name, self.cells, self.bits, self.reads, self.darkness, self.max_error]
        data = canonical.encode("countermark/extractor-profile", {"name": self.name, "numbers": numbers})
        return f"{self.name}/{canonical.digest(data).removeprefix('sha256:')[:16]}"

    @property
    def key_bytes(self) -> int:
        """Length of the key."""
        return self.bits // 8

    @property
    def entropy(self) -> float:
        """Bits of min-entropy left given the helper data, for independent cells of any common bias.

        log2 binomial(n, n/2) - (n - k): the selected cells are uniform among the balanced words of length n, and the
        offset tells n - k linear functions of them.
        """
        n, k = self.code.n, self.code.k
        return (math.lgamma(n + 1) - 2 * math.lgamma(n / 2 + 1)) / math.log(2) - (n - k)

    def failure_bound(self, error: float) -> float:
        """Upper bound on the probability that one healthy read-out does not give the key.

        The code's bound (for polar codes proven at their design rate, see `Polar.failure_bound`), plus the probability
        of more than `max_error` wrong bits. `error` is the mean error rate of the selected cells. Cells differ in their
        error rates; over chips drawn at random errors are independent with the mean rate, and for one given chip the
        number of errors only varies less (Hoeffding 1956).

        Raises:
            ParameterError: a rate outside [0, 1/2].
        """
        most = math.floor(self.max_error * self.code.n)
        return min(1.0, self.code.failure_bound(error) + binomial_tail(self.code.n, most + 1, error))
