"""The output of a batch: one answer a line, with `case_id`, the hash of its input, `status`, and decision or problem.

Takes: decisions and problems. Gives: lines, and lines read back as far as a resumed run needs them.
Does not: touch files.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cases.decision import Decision
from cases.stream import ProblemEvent

GOOD: Final = frozenset({"complete", "short_circuited"})


class ResultRow(BaseModel):
    """One answer. `status` is the decision's; with a problem: `refused`, `failed`, or `invalid` (not JSON)."""

    model_config = ConfigDict(frozen=True)

    case_id: str
    input_sha256: str
    status: str
    decision: Decision | None = None
    problem: ProblemEvent | None = None

    def to_line(self) -> bytes:
        """The output line, with its line end."""
        unused = {"decision"} if self.decision is None else {"problem"}
        return self.model_dump_json(exclude=unused).encode() + b"\n"


class _WrittenDecision(BaseModel):
    degraded: bool = False


class WrittenRow(BaseModel):
    """What a resumed run reads of a line; the rest of it is kept as it was written."""

    case_id: str
    input_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    status: str
    decision: _WrittenDecision | None = None
    problem: ProblemEvent | None = None

    @property
    def good(self) -> bool:
        """Whether this row need not be asked for again."""
        return self.status in GOOD and self.decision is not None

    @property
    def degraded(self) -> bool:
        """Whether a fallback answered, or cut the answer short."""
        return self.decision is not None and self.decision.degraded

    @property
    def key(self) -> bytes:
        """The hash of the input, in 32 bytes."""
        return bytes.fromhex(self.input_sha256)

    @classmethod
    def read(cls, line: bytes) -> "WrittenRow | None":
        """The row on this line; None when it is not one, or not whole."""
        try:
            return cls.model_validate_json(line)
        except ValidationError:
            return None


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What a batch came to. `faults` holds the first rows that were not answered, in input order."""

    rows: int
    answered: int
    degraded: int
    faults: tuple[WrittenRow, ...]

    @property
    def failed(self) -> int:
        """Rows without an answer."""
        return self.rows - self.answered
