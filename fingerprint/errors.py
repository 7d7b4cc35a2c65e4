"""What can go wrong in the core, as one tree.

```
FingerprintError
├── ParameterError                 a number or a name that the formula does not allow
├── MalformedError                 bytes that do not parse
│   ├── PackMalformed              a verifier pack
│   ├── KitMalformed               a signing kit
│   ├── HelperDataMalformed        helper data of a device
│   ├── MeasurementMalformed       a file of measured read-outs; names file, row and reason
│   └── CanonicalMalformed         canonical bytes of a value
├── ObservationError               what a suspect answered cannot be used
│   ├── WrongShape                 not (probes, classes), or not (probes,)
│   ├── ProbeCountMismatch         more or fewer answers than probes
│   ├── NotFinite                  NaN or infinite
│   ├── NotProbabilities           negative, over one, or not summing to one
│   ├── LabelOutOfRange            a label that is no class
│   ├── UnknownKind                a kind of answer that nobody defined
│   └── ConstantOutputs            the same answer to every probe: no evidence in it
├── WrongRelease                   evidence or codewords of another release
├── PossessionNotProven            a signature over a challenge that the device's public key does not confirm
├── EnrolmentError                 a device that cannot be enrolled
│   └── TooFewReliableCells        not enough steady ones or zeros for the profile
└── ReconstructionError            a device key that did not come back
    ├── ReadoutMalformed           a read-out of another length, or not of 0 and 1
    ├── ReadoutUnhealthy           stuck, repeated or one-sided read-out
    ├── ProfileMismatch            helper data made under another profile
    ├── HelperDataAltered          its checksum does not hold: a bit changed on the way
    ├── HelperDataForged           its checksum holds, its authentication does not
    ├── HelperDataRevoked          an older generation than the device or registry accepts
    └── WrongDevice                the read-out is too far from the enrolled one
```

Every message names the thing and the way out. Wrong, malformed and unknown are different errors.
"""


class FingerprintError(Exception):
    """Root of every error that the core raises."""


class ParameterError(FingerprintError, ValueError):
    """A number or a name that the formula does not allow."""


class MalformedError(FingerprintError, ValueError):
    """Bytes that do not parse."""


class PackMalformed(MalformedError):
    """A verifier pack that does not parse, or whose tensors disagree with its header."""


class KitMalformed(MalformedError):
    """A signing kit that does not parse, or whose tensors disagree with its header."""


class HelperDataMalformed(MalformedError):
    """Helper data that is truncated, too long or of an unknown version."""


class MeasurementMalformed(MalformedError):
    """A file of measured read-outs that does not parse; the message names the file, the row and the reason."""


class CanonicalMalformed(MalformedError):
    """Bytes that are not the canonical form of the value they claim to be."""


class ObservationError(FingerprintError, ValueError):
    """What a suspect answered cannot be used as it is."""


class WrongShape(ObservationError):
    """Answers that are neither (probes, classes) nor, for labels, (probes,)."""


class ProbeCountMismatch(ObservationError):
    """More or fewer answers than the release has probes."""


class NotFinite(ObservationError):
    """Answers that hold NaN or infinity."""


class NotProbabilities(ObservationError):
    """Probabilities that are negative, over one, or do not sum to one."""


class LabelOutOfRange(ObservationError):
    """A label that is not one of the classes 0..C-1."""


class UnknownKind(ObservationError):
    """A kind of answer that is not in the catalogue."""


class ConstantOutputs(ObservationError):
    """The same answer to every probe: there is no evidence in it."""


class WrongRelease(FingerprintError):
    """Evidence, probes or codewords that belong to another release."""


class PossessionNotProven(FingerprintError):
    """A signature over a challenge that the enrolled device's public key does not confirm."""


class EnrolmentError(FingerprintError):
    """A device that cannot be enrolled as it is."""


class TooFewReliableCells(EnrolmentError):
    """Not enough cells that start steadily as one, or as zero, for the profile."""


class ReconstructionError(FingerprintError):
    """A device key that did not come back exactly."""


class ReadoutMalformed(ReconstructionError):
    """A read-out that is not one bit, 0 or 1, for every cell."""


class ReadoutUnhealthy(ReconstructionError):
    """A stuck, repeated or one-sided read-out, refused before it is used."""


class ProfileMismatch(ReconstructionError):
    """Helper data made under another profile than the one asked for."""


class HelperDataAltered(ReconstructionError):
    """Helper data whose checksum does not hold."""


class HelperDataForged(ReconstructionError):
    """Helper data whose checksum holds and whose authentication does not."""


class HelperDataRevoked(ReconstructionError):
    """Authentic helper data of a generation that a later enrolment has replaced."""


class WrongDevice(ReconstructionError):
    """A read-out too far from the enrolled one."""
