"""What can go wrong in the registry, as one tree.

```
RegistryError
├── NotFound                    no such thing for this tenant
│   ├── UnknownTenant
│   ├── UnknownDevice
│   ├── UnknownRelease
│   ├── UnknownCopy
│   ├── UnknownCase
│   ├── UnknownHold
│   ├── UnknownChallenge
│   ├── UnknownJob
│   ├── UnknownApiKey
│   └── UnknownEntry            an index at or beyond the end of the log
├── Conflict                    it is there already, or it happened already
│   ├── DuplicateName
│   ├── DuplicateRelease        the same verifier pack committed under another name
│   ├── AlreadyIssued
│   ├── AlreadyRevoked
│   ├── AlreadyLifted
│   ├── KeyEnded                an API key that was revoked, or expired, is not rotated
│   ├── ChallengeUsed           answered before, whatever came of it
│   ├── CaseDecided
│   ├── LooksTaken              a job took looks of the plan about the case; no other answers may decide it
│   ├── JobOpen                 a job about the same case is not done yet
│   └── JobEnded                done or cancelled, for good
├── Refused                     understood, and not allowed in this state
│   ├── DeviceRevoked
│   ├── DeviceForgotten
│   ├── UnderHold               a legal hold forbids that it is forgotten
│   ├── PossessionKeyMissing    the device was enrolled without a key to prove possession by
│   ├── ChallengeExpired
│   ├── NotCommitted            the release's commitment is not under a signed checkpoint yet
│   ├── NotPublished            the log entry is not under a signed checkpoint yet
│   ├── CaseUndecided           no verdict has been recorded yet
│   ├── AnswersGone             the answers of a case were not kept, or their key was destroyed
│   ├── AnswerForgotten         what was answered to a request was destroyed with a device that was forgotten
│   ├── LeaseLost               a step of a job was given to another worker, or the job ended
│   ├── JobNotFailed            only a job that failed is tried again
│   └── ForeignVerdict          a verdict about another release or other answers than the case's
├── PossessionRefused           a proof that was judged, logged, and does not show the enrolled device
│   ├── ForeignPossessionKey    a good signature, by another device's key
│   └── PossessionProofAltered  a signature that does not hold
├── AuthError
│   ├── UnknownToken            malformed, never issued, or revoked
│   ├── ExpiredToken
│   └── WrongScope
├── Malformed                   a value that does not have its form
│   ├── MalformedName
│   ├── MalformedDigest
│   ├── MalformedValue          a key, identity, method or limit out of its range
│   ├── MalformedNote           a signed note, checkpoint or verifier key that does not parse
│   ├── MalformedEntry          bytes that are no log entry
│   ├── MalformedPolicy         a policy file with a line out of form
│   ├── MalformedRequest        a request to a witness, or its answer, out of form
│   ├── MalformedTimestamp      bytes that are no granted response of RFC 3161
│   └── MalformedEvidence       bytes that are no evidence pack, or a part of one out of form
├── NotShown                    an evidence pack that does not show what it says
├── ProofInvalid                a Merkle proof that does not prove it
├── SignatureInvalid            a note that its key did not sign
├── PolicyUnmet                 a checkpoint without the signatures that a policy asks for
├── WitnessFailed               a witness that did not cosign, with what it said
├── LogUnreachable              a static file of a log that could not be fetched
├── TimestampFailed             an authority that did not stamp, with what it said
├── TimestampInvalid            a time stamp over other bytes, or of nobody whose word is taken
├── Inconsistent                two checkpoints that cannot belong to one append-only log
├── Tampered                    what is stored is not what was written
│   ├── LogTampered
│   │   ├── EntryTampered       entries that are missing, extra or do not hash to the signed root
│   │   ├── RuleBroken          an entry that the ledger's own rules forbid where it stands
│   │   ├── NodeTampered        a stored subtree hash that its leaves do not give
│   │   └── CheckpointTampered  a stored checkpoint that the log's key did not sign
│   ├── RowTampered             a row that disagrees with its entry, or one of the two is missing
│   │   ├── DeviceTampered
│   │   ├── ReleaseTampered
│   │   ├── CopyTampered
│   │   ├── HoldTampered
│   │   ├── VerdictTampered
│   │   └── PossessionTampered
│   ├── BlobTampered            a file whose digest is not its name
│   └── SealBroken              a sealed cell that does not open in its place
└── StoreError                  the data directory or the database cannot be used
    ├── StoreMissing            not initialised
    ├── StoreExists             initialised already
    ├── DatabaseUnavailable     it does not answer, or refuses to be written: full disk, read-only, locked for too long
    ├── UnitInUnit              a writing unit opened inside another one, which would wait for itself
    ├── UnknownRole             a role that the database server does not have
    ├── StoreOutdated           its database is at another revision than this code
    ├── KeyFileUnsafe           a key file that others can read
    ├── UnknownKey              sealed under a key that was not given
    ├── KeysUnavailable         the place that holds the key-encryption keys cannot be reached, or refuses
    ├── RotatedElsewhere        keys that this program was given, and may not replace
    ├── KeyInUse                a key that some row is still sealed under cannot be dropped
    ├── SealingUnavailable      this build of OpenSSL has no AES-GCM-SIV
    └── ExtraMissing            a library that comes with an extra is not installed
```

Every message names the thing and the way out. `api/errors.py` holds the one table from these to HTTP.
"""


class RegistryError(Exception):
    """Root of every error that the registry raises."""


class NotFound(RegistryError):
    """No such thing for this tenant; another tenant's things count as not there."""


class UnknownTenant(NotFound):
    """No tenant of that name or id."""


class UnknownDevice(NotFound):
    """No enrolled device of that name."""


class UnknownRelease(NotFound):
    """No committed release of that name."""


class UnknownCopy(NotFound):
    """No reserved copy of that id."""


class UnknownCase(NotFound):
    """No case of that id."""


class UnknownHold(NotFound):
    """No legal hold of that id."""


class UnknownChallenge(NotFound):
    """No possession challenge of that id."""


class UnknownJob(NotFound):
    """No job of that id."""


class UnknownApiKey(NotFound):
    """No API key of that id."""


class UnknownEntry(NotFound):
    """An index at or beyond the end of the log."""


class Conflict(RegistryError):
    """It is there already, or it happened already."""


class DuplicateName(Conflict):
    """The name is taken."""


class DuplicateRelease(Conflict):
    """The same verifier pack is committed under another name."""


class AlreadyIssued(Conflict):
    """The copy was issued before; an issue is recorded once."""


class AlreadyRevoked(Conflict):
    """The device or key was revoked before."""


class AlreadyLifted(Conflict):
    """The legal hold was lifted before."""


class KeyEnded(Conflict):
    """The API key was revoked, or expired; make a new one."""


class ChallengeUsed(Conflict):
    """The possession challenge was answered before, rightly or wrongly; each is answered once."""


class CaseDecided(Conflict):
    """The case has its verdict; open another case to test again."""


class LooksTaken(Conflict):
    """A job took looks of the committed plan about the case; only that job may still decide it."""


class JobOpen(Conflict):
    """A job about the same case is not done yet."""


class JobEnded(Conflict):
    """The job is done or was cancelled, for good."""


class Refused(RegistryError):
    """Understood, and not allowed in this state."""


class DeviceRevoked(Refused):
    """A revoked device receives no further copies."""


class DeviceForgotten(Refused):
    """The device was forgotten: its key is gone for good, and nothing can be done with it."""


class UnderHold(Refused):
    """A legal hold forbids that it is forgotten."""


class PossessionKeyMissing(Refused):
    """The device was enrolled without a possession key; enrol it again from its helper data."""


class ChallengeExpired(Refused):
    """The possession challenge was not answered in time."""


class NotCommitted(Refused):
    """The release's commitment is not under a signed checkpoint yet, so no nonce may be drawn."""


class NotPublished(Refused):
    """The log entry is not under a signed checkpoint yet; read it in the next unit."""


class CaseUndecided(Refused):
    """No verdict has been recorded for the case yet."""


class AnswersGone(Refused):
    """The answers of a case were not kept, or their data key was destroyed."""


class AnswerForgotten(Refused):
    """What was answered to a request was destroyed with a device that was forgotten; the request was done."""


class LeaseLost(Refused):
    """A step of a job was given to another worker, or is done."""


class JobNotFailed(Refused):
    """Only a job that failed is tried again."""


class ForeignVerdict(Refused):
    """A verdict about another release, or about other answers, than it is recorded with."""


class PossessionRefused(RegistryError):
    """A proof of possession that was judged and does not show the enrolled device; the log has it."""


class ForeignPossessionKey(PossessionRefused):
    """A good signature, by a key that is not the enrolled device's."""


class PossessionProofAltered(PossessionRefused):
    """A signature that does not hold for this challenge under the key that came with it."""


class AuthError(RegistryError):
    """The caller could not be identified, or may not do this."""


class UnknownToken(AuthError):
    """A token that is malformed, was never issued, or was revoked: told apart to nobody."""


class ExpiredToken(AuthError):
    """A token past its expiry."""


class WrongScope(AuthError):
    """A valid token without the scope that this needs."""


class Malformed(RegistryError, ValueError):
    """A value that does not have its form."""


class MalformedName(Malformed):
    """A name that is empty, too long, or holds characters that do not print."""


class MalformedDigest(Malformed):
    """A digest that is not `sha256:` and 64 hexadecimal digits."""


class MalformedValue(Malformed):
    """A key, identity, method or limit out of its range."""


class MalformedNote(Malformed):
    """A signed note, checkpoint or verifier key that does not parse."""


class MalformedEntry(Malformed):
    """Bytes that are no log entry."""


class MalformedPolicy(Malformed):
    """A policy file with a line out of form."""


class MalformedRequest(Malformed):
    """A request to a witness, or a witness's answer, out of form."""


class MalformedTimestamp(Malformed):
    """Bytes that are no granted response of RFC 3161."""


class MalformedEvidence(Malformed):
    """Bytes that are no evidence pack, or a part of one that is out of form."""


class NotShown(RegistryError):
    """An evidence pack that does not show what it says."""


class ProofInvalid(RegistryError):
    """A Merkle proof that does not prove what it claims."""


class SignatureInvalid(RegistryError):
    """A note that the expected key did not sign."""


class PolicyUnmet(RegistryError):
    """A checkpoint without the signatures that a policy asks for."""


class WitnessFailed(RegistryError):
    """A witness that did not cosign; the message holds what it said."""


class LogUnreachable(RegistryError):
    """A static file of a log could not be fetched."""


class TimestampFailed(RegistryError):
    """A time-stamping authority that did not stamp; the message holds what it said."""


class TimestampInvalid(RegistryError):
    """A time stamp over other bytes, or made by nobody whose word is taken."""


class Inconsistent(RegistryError):
    """Two checkpoints that cannot belong to one append-only log."""


class Tampered(RegistryError):
    """What is stored is not what was written."""


class LogTampered(Tampered):
    """The log itself was changed."""


class EntryTampered(LogTampered):
    """Entries that are missing, extra or do not hash to the signed root."""


class RuleBroken(LogTampered):
    """An entry that the ledger's own rules forbid where it stands."""


class NodeTampered(LogTampered):
    """A stored subtree hash that its leaves do not give."""


class CheckpointTampered(LogTampered):
    """A stored checkpoint that the log's key did not sign."""


class RowTampered(Tampered):
    """A row that disagrees with its log entry, or one of the two is missing."""


class DeviceTampered(RowTampered):
    """A device's row and its enrolment or revocation entry disagree."""


class ReleaseTampered(RowTampered):
    """A release's row and its commitment entry disagree."""


class CopyTampered(RowTampered):
    """A copy's row and its reservation or issue entry disagree."""


class HoldTampered(RowTampered):
    """A legal hold's row and its placing or lifting entry disagree."""


class VerdictTampered(RowTampered):
    """A case or its verification and the verdict's entry disagree."""


class PossessionTampered(RowTampered):
    """A proof of possession or its challenge and the proof's entry disagree."""


class BlobTampered(Tampered):
    """A stored file whose digest is not its name, or that is gone."""


class SealBroken(Tampered):
    """A sealed cell that does not open in its place: changed, moved to another row, or shredded."""


class StoreError(RegistryError):
    """The data directory or the database cannot be used."""


class StoreMissing(StoreError):
    """The data directory was not initialised."""


class StoreExists(StoreError):
    """The data directory was initialised already."""


class DatabaseUnavailable(StoreError):
    """The database does not answer, or refuses to be written: a full disk, no right to write, locked for too long."""


class UnitInUnit(StoreError):
    """A writing unit was opened inside another one of the same thread, which would wait for itself for ever."""


class UnknownRole(StoreError):
    """A role that the database server does not have."""


class StoreOutdated(StoreError):
    """The database is at another revision than this code; upgrade it, or run the code that belongs to it."""


class KeyFileUnsafe(StoreError):
    """A key file that others than its owner can read."""


class UnknownKey(StoreError):
    """Something is sealed under a key that was not given."""


class KeysUnavailable(StoreError):
    """The place that holds the key-encryption keys cannot be reached, or refuses."""


class RotatedElsewhere(StoreError):
    """Keys that this program was given and may not replace; rotate them where they come from."""


class KeyInUse(StoreError):
    """A key that some row is still sealed under cannot be dropped; rewrap first."""


class SealingUnavailable(StoreError):
    """This build of OpenSSL has no AES-GCM-SIV; nothing weaker is used instead."""


class ExtraMissing(StoreError):
    """A library that comes with an extra is not installed."""
