"""The decision: what the service answers, stores and replays, in the contract's field names.

Takes: what the pipeline measured. Gives: frozen pydantic models. Does not: choose an action or a route.
"""

from enum import StrEnum
from typing import Annotated, Self

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cases.factor import Factor
from cases.verdict import VERDICTS, Verdict

_Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class DecisionStatus(StrEnum):
    """Where a decision stands; all but `running` are final."""

    RUNNING = "running"
    COMPLETE = "complete"
    SHORT_CIRCUITED = "short_circuited"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Action(StrEnum):
    """What the platform is advised to do."""

    PENALISE = "penalise"
    INVESTIGATE = "investigate"
    NONE = "none"


class Route(StrEnum):
    """How a verdict is reached. `auto` is only asked for; a decision names the route that answered."""

    AUTO = "auto"
    FUSION = "fusion"
    LLM = "llm"
    RULES = "rules"


class Until(StrEnum):
    """How far to go before the answer is complete; the rest is not generated."""

    VERDICT = "verdict"
    FACTORS = "factors"
    REASONING = "reasoning"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Probabilities(_Part):
    """The calibrated probabilities of the three verdicts; they sum to 1."""

    induced: _Share
    not_induced: _Share
    inconclusive: _Share

    @classmethod
    def from_array(cls, values: np.ndarray) -> Self:
        """From an array [3] in the order of `VERDICTS`; rounding may leave a value a hair outside [0, 1]."""
        clipped = np.clip(values, 0.0, 1.0)
        return cls(**{verdict.value: float(p) for verdict, p in zip(VERDICTS, clipped, strict=True)})

    def as_array(self) -> np.ndarray:
        """An array [3] in the order of `VERDICTS`."""
        return np.array([getattr(self, verdict.value) for verdict in VERDICTS])

    def best(self) -> Verdict:
        """The most probable verdict; of equals the later one in `VERDICTS`, so that a tie never accuses."""
        values = self.as_array()
        return VERDICTS[len(VERDICTS) - 1 - int(values[::-1].argmax())]


class Versions(_Part):
    """What a decision was made with, so that it can be replayed; None was not used."""

    model: str | None = None
    adapter: str | None = None
    prompt: str | None = None
    policy: str | None = None
    calibration: str | None = None
    fusion: str | None = None
    index: str | None = None
    features: str | None = None
    rules: str | None = None


class TokenCounts(_Part):
    """Tokens read by the engine, of these found in its cache, written, and saved by the short circuit."""

    prompt: int = 0
    cached: int = 0
    generated: int = 0
    saved: int = 0


class Decision(_Part):
    """One decision. A verdict once stored never changes; `score` is P(induced)."""

    decision_id: str
    status: DecisionStatus
    case_id: str
    market: str
    verdict: Verdict | None = None
    score: _Share | None = None
    probabilities: Probabilities | None = None
    action: Action | None = None
    decision_factors: tuple[Factor, ...] | None = None
    reasoning: str | None = None
    route: Route | None = None
    reflected: bool = False
    degraded: bool = False
    degraded_reason: str | None = None
    cross_check: str | None = None
    warnings: tuple[str, ...] = ()
    versions: Versions = Versions()
    timings_ms: dict[str, float] = Field(default_factory=dict)
    tokens: TokenCounts = TokenCounts()
    created_at: AwareDatetime
