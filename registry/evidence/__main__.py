"""`python -m registry.evidence PACK --trust POLICY`: the verifier alone, for whoever trusts nobody."""

import argparse
import json
import sys
from pathlib import Path

from registry.errors import MalformedPolicy, MalformedValue
from registry.evidence.case_file import CaseFile
from registry.evidence.examination import Examination, examine
from registry.log.policy import Policy
from registry.log.timestamp import Authorities

VERIFIED, NOT_VERIFIED = 0, 1
_MARKS = {"ok": "OK  ", "failed": "FAIL", "not reached": "  - "}


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit code: 0 verified, 1 not verified or an error, 2 usage."""
    given = _parser().parse_args(arguments)
    try:
        file = read_case_file(given.pack, given.trust, given.codeword_key, given.tsa_roots)
    except (OSError, MalformedPolicy, MalformedValue) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOT_VERIFIED
    found = examine(file)
    print(json.dumps(found.to_dict(), indent=2) if given.json else describe(found))
    return VERIFIED if found.verified else NOT_VERIFIED


def read_case_file(pack: Path, trust: Path, codeword_key: Path | None, tsa_roots: Path | None) -> CaseFile:
    """The pack with what its reader brings along.

    Raises:
        OSError: a file that cannot be read.
        MalformedPolicy: the trust policy is out of form.
        MalformedValue: a codeword key that is not 32 bytes in hexadecimal, or no certificate.
    """
    key = None if codeword_key is None else _key(codeword_key.read_text(encoding="ascii", errors="replace"))
    return CaseFile(
        data=pack.read_bytes(),
        policy=Policy.parse(trust.read_bytes()),
        codeword_key=key,
        authorities=None if tsa_roots is None else Authorities.from_pem(tsa_roots.read_bytes()),
    )


def describe(found: Examination) -> str:
    """The steps, a line each, and what they come to."""
    width = max(len(step.name) for step in found.steps)
    lines = [f"{_MARKS[step.result]} {step.step:>2}. {step.name:<{width}}  {step.detail}" for step in found.steps]
    if found.failed is not None:
        return "\n".join([*lines, f"NOT VERIFIED: step {found.failed.step} ({found.failed.name}) failed"])
    named = "is named as the source of" if found.finding and found.finding["named"] else "is not named as a source of"
    return "\n".join([*lines, f"VERIFIED: {found.accused} {named} '{found.suspect}'"])


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise MalformedValue("a codeword key is 32 bytes in hexadecimal, 64 digits")
    return key


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m registry.evidence",
        description="Check an evidence pack without network. Exit code 0: verified; 1: not verified; 2: usage.",
    )
    parser.add_argument("pack", type=Path, help="the evidence pack")
    parser.add_argument("--trust", type=Path, required=True, help="trust policy: logs, witnesses, quorum (C2SP)")
    parser.add_argument("--codeword-key", type=Path, help="the accused device's codeword key, in hexadecimal")
    parser.add_argument("--tsa-roots", type=Path, help="certificates (PEM) of time-stamping authorities")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    return parser


if __name__ == "__main__":
    sys.exit(main())
