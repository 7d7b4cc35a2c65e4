"""What can be wrong with the file of a suspect's answers, as one tree.

```
AnswersError
├── AnswersMalformed      truncated, or not the format that it begins like
├── AnswersUnknownFormat  none of the formats that are read
├── AnswersTooLarge       the file declares more than the service will hold in memory
├── AnswersUnsafe         a pickle, or objects: reading them would run foreign code
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


class AnswersAmbiguous(AnswersError):
    """Several arrays and none named `outputs`, or no array at all."""


class AnswersWrongType(AnswersError):
    """Numbers of a type that no answer has."""


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
    └── RecordMismatch      a record of other probes or of another suspect
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
