"""The one error tree of the house; each class says who must act.

Takes: what went wrong. Gives: exceptions that a caller can tell apart.
Does not: log, retry or choose a status code.

    VerdictError
    ├── CaseError            the caller: the case (or request) has bad fields; `.problems` names every one
    │   └── UnknownMarketError   the caller, or the operator who has not configured the market
    ├── ConfigError          the operator: a configuration file or setting is wrong
    ├── ModelFileError       the operator: a model's file is missing or does not match its manifest
    ├── DocumentError        nobody at once: the model wrote a malformed document; `.code` names how
    ├── EngineError          the operator, if it lasts: the text generator failed
    │   ├── EngineUnavailable    it does not answer (dead, restarting, not reachable)
    │   ├── EngineTimeout        it did not answer in time
    │   └── EngineStartError     it did not start; the message holds its last error line
    ├── OverloadedError      the caller: come back in `.retry_after_s` seconds
    ├── NotBuiltError        the caller: an option asks for a part that is not loaded; `.pointer` names it
    ├── NotFoundError        the caller: there is no such thing under this id
    ├── ShuttingDownError    the caller: this process is closing; ask again in a moment
    └── StoreError           the operator: the decision log cannot be opened, written or read
"""

from collections.abc import Iterable
from dataclasses import dataclass


class VerdictError(Exception):
    """Root of every error that this project raises on purpose."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One bad field: `pointer` is a JSON pointer (RFC 6901; "" is the document), `message` what to do."""

    pointer: str
    message: str


class CaseError(VerdictError):
    """The caller must mend the input; `problems` holds every bad field, never the values themselves."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems: tuple[FieldProblem, ...] = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '(document)'}: {p.message}" for p in self.problems))

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[type["CaseError"], tuple[tuple[FieldProblem, ...]]]:
        return type(self), (self.problems,)


class UnknownMarketError(CaseError, KeyError):
    """The market is not configured; also a KeyError, so that a mapping of markets behaves as a mapping."""


class ConfigError(VerdictError):
    """The operator must mend a configuration file or a setting."""


class ModelFileError(VerdictError):
    """The operator must restore a model's files: missing, or other than the manifest says."""


class DocumentError(VerdictError):
    """The model wrote a document that does not match the format; `code` is a stable name of the fault."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class EngineError(VerdictError):
    """The text generator failed; the fallback answers meanwhile."""


class EngineUnavailable(EngineError):
    """The engine does not answer: dead, restarting or not reachable."""


class EngineTimeout(EngineError):
    """The engine did not answer in time."""


class EngineStartError(EngineError):
    """The engine did not start; the message holds its last error line."""


class OverloadedError(VerdictError):
    """Too much work is waiting; the caller comes back in `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.message = message
        self.retry_after_s = retry_after_s
        super().__init__(message, retry_after_s)

    def __str__(self) -> str:
        return self.message


class NotBuiltError(VerdictError):
    """An option asks for a part that is not built or not loaded; `pointer` is its JSON pointer."""

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        self.message = message
        super().__init__(pointer, message)

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}"


class NotFoundError(VerdictError):
    """There is no such thing under this id."""


class ShuttingDownError(VerdictError):
    """This process is closing; the caller asks again in a moment."""


class StoreError(VerdictError):
    """The operator must mend the decision log: it cannot be opened, written or read."""
