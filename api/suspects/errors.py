"""What can be wrong with the file of a suspect's answers, as one tree.

```
AnswersError
├── AnswersMalformed      truncated, or not the format that it begins like
├── AnswersUnknownFormat  none of the formats that are read
├── AnswersTooLarge       the file declares more than the service will hold in memory
├── AnswersUnsafe         a pickle, or objects: reading them would run foreign code
├── AnswersFormatMissing  the library that reads the format is not installed
├── AnswersAmbiguous      several arrays and none named `outputs`, or no array at all
└── AnswersWrongType      numbers of a type that no answer has: complex, text, dates, records
```

Every one of them is raised before the declared array is allocated.
"""


class AnswersError(Exception):
    """Root of everything that can be wrong with a file of answers."""


class AnswersMalformed(AnswersError):
    """Truncated, or not the format that it begins like."""


class AnswersUnknownFormat(AnswersError):
    """None of the formats that are read."""


class AnswersTooLarge(AnswersError):
    """The file declares more than the service will hold in memory."""


class AnswersUnsafe(AnswersError):
    """A pickle, or an array of objects: reading it would run foreign code."""


class AnswersFormatMissing(AnswersError):
    """The library that reads the format is not installed."""


class AnswersAmbiguous(AnswersError):
    """Several arrays and none named `outputs`, or no array at all."""


class AnswersWrongType(AnswersError):
    """Numbers of a type that no answer has."""


class ModelError(Exception):
    """Root of everything that can be wrong with a suspect that is a model's file.

    ```
    ModelError
    ├── ModelMalformed      truncated, or not the format that it begins like
    ├── ModelUnknownFormat  none of the formats that are run
    ├── ModelUnsafe         running it would run foreign code: pickles, scripts, untrusted types, custom operators
    ├── ModelTooLarge       more bytes, layers or tensors than are run
    ├── ModelTooCostly      it took more time or memory than it may
    ├── ModelFailed         its runtime broke off
    ├── ModelUnfit          it does not take the probes, or does not fit its architecture
    ├── ModelNotAdmitted    this service runs no uploaded models, or asks no endpoints
    └── AdapterMissing      the library that runs it is not installed
    ```
    """


class ModelMalformed(ModelError):
    """Truncated, or not the format that it begins like."""


class ModelUnknownFormat(ModelError):
    """None of the formats that are run."""


class ModelUnsafe(ModelError):
    """Running it would run foreign code."""


class ModelTooLarge(ModelError):
    """More bytes, layers or tensors than are run."""


class ModelTooCostly(ModelError):
    """It took more time or memory than it may."""


class ModelFailed(ModelError):
    """Its runtime broke off."""


class ModelUnfit(ModelError):
    """It does not take the probes, or does not fit its architecture."""


class ModelNotAdmitted(ModelError):
    """This service runs no uploaded models, or asks no endpoints."""


class AdapterMissing(ModelError):
    """The library that runs it is not installed."""


class SuspectError(Exception):
    """Root of everything that can go wrong while a suspect is asked.

    ```
    SuspectError
    ├── AddressRefused      an address that the operator does not allow
    ├── SuspectUnreachable  no answer, or only failures, after all attempts
    ├── SuspectMisbehaved   an answer too large, too slow, redirected astray or compressed
    ├── SuspectRefused      an answer that says no: 4xx
    ├── AnswerUnusable      an answer in another form than the adapter expects
    ├── BudgetSpent         more probes than may be asked
    ├── RecordMismatch      a record of other probes or of another suspect, or one that is being written
    └── NoRecord            nobody was asked
    ```
    """


class AddressRefused(SuspectError):
    """An address that the operator does not allow."""


class SuspectUnreachable(SuspectError):
    """No answer, or only failures, after all attempts."""


class SuspectMisbehaved(SuspectError):
    """An answer too large, too slow, redirected astray or compressed."""


class SuspectRefused(SuspectError):
    """An answer that says no."""


class AnswerUnusable(SuspectError):
    """An answer in another form than the adapter expects."""


class BudgetSpent(SuspectError):
    """More probes than may be asked."""


class RecordMismatch(SuspectError):
    """A record of other probes or of another suspect."""


class NoRecord(SuspectError):
    """Nobody was asked."""
