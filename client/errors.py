"""What can go wrong between a client and the service, or while answers are kept in a file.

Takes: an HTTP answer that is not a decision, or none. Gives: errors that say who must act. Does not: retry.

    VerdictError
    └── ClientError
        ├── ProblemError        the service answered with a problem document; `.problem` holds it
        ├── ServiceUnreachable  nothing answers at the address: start the service, or mend the address
        ├── ConnectionBroken    an answer broke off and could not be picked up; whether it was decided is not known
        ├── UnreadableAnswer    the answer is not what this client knows: service and client are of different versions
        └── BatchFileError      a file of a batch cannot be read or written, or is not what it should be
"""

from cases.errors import VerdictError
from cases.stream import ProblemEvent


class ClientError(VerdictError):
    """Root of the client's errors."""


class ProblemError(ClientError):
    """The service refused or failed; `problem` says why, `retry_after_s` when to come back, if it said so."""

    def __init__(self, problem: ProblemEvent, retry_after_s: float | None = None) -> None:
        self.problem = problem
        self.retry_after_s = retry_after_s
        super().__init__(problem, retry_after_s)

    def __str__(self) -> str:
        problem = self.problem
        places = "; ".join(f"{fault.pointer or '(document)'}: {fault.detail}" for fault in problem.errors)
        told = [f"{problem.status} {problem.title}", problem.detail, places]
        return ": ".join(part for part in told if part)


class ServiceUnreachable(ClientError):
    """Nothing answers at the address: is the service running (`make serve`)?"""


class ConnectionBroken(ClientError):
    """The answer broke off before its end and could not be picked up again."""


class UnreadableAnswer(ClientError):
    """The answer does not have the shape that this client knows; the message names the fields, not their values."""


class BatchFileError(ClientError):
    """The operator must see to a file of the batch; the message names it."""
