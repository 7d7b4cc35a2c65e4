"""What can go wrong while a copy is made, as one tree.

```
DistillError
├── FeaturesNotFound     no module of that name, or it gave nothing to tap
├── ShapeError           inputs, targets and outputs that do not fit
├── SettingsError        a setting that the loop does not allow
├── ConfigInvalid        a configuration file that says nothing that can be done
├── Diverged             the loss became NaN or infinite
├── ArtefactMalformed    bytes that are no copy of this architecture
├── WorkersKilled        a fleet whose workers are killed again and again
├── OutputsCorrupt       stored teacher outputs that are not what was stored
└── CheckpointError      a checkpoint that a training cannot go on from
    ├── CheckpointCorrupt     damaged, or no checkpoint at all
    └── OtherTraining         of another training than the one asked for
```
"""


class DistillError(Exception):
    """Root of every error that this package raises."""


class FeaturesNotFound(DistillError, ValueError):
    """No module of that name, or it gave no tensor to tap."""


class ShapeError(DistillError, ValueError):
    """Inputs, targets or outputs that do not fit together."""


class SettingsError(DistillError, ValueError):
    """A setting that the loop does not allow."""


class ConfigInvalid(DistillError, ValueError):
    """A configuration file that cannot be followed; the message names file, key and the way out."""


class Diverged(DistillError, ArithmeticError):
    """The loss became NaN or infinite."""


class ArtefactMalformed(DistillError, ValueError):
    """Bytes that do not hold a copy of this architecture."""


class WorkersKilled(DistillError, RuntimeError):
    """A fleet whose workers are killed again and again."""


class OutputsCorrupt(DistillError, ValueError):
    """Stored teacher outputs that are not what was stored."""


class CheckpointError(DistillError, ValueError):
    """A checkpoint that a training cannot go on from."""


class CheckpointCorrupt(CheckpointError):
    """Damaged, or no checkpoint at all."""


class OtherTraining(CheckpointError):
    """A checkpoint of another training than the one asked for."""
