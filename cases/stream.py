"""The events of a decision's stream, as the service writes them and a client reads them.

Takes: an event's name and its JSON data. Gives: frozen pydantic models. Does not: know transport or ids.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from cases.decision import Action, Decision, Probabilities, Route
from cases.factor import Factor
from cases.verdict import Verdict


class _Payload(BaseModel):
    # A reader ignores fields that a newer service adds; the service's own tests hold the exact shape.
    model_config = ConfigDict(frozen=True, extra="ignore")


class VerdictEvent(_Payload):
    """`verdict`: the answer, before factors and reasoning; `elapsed_ms` since the request was accepted.

    `score` and `probabilities` are null when nothing measured them (a rule without a measured precision, an engine
    without log-probabilities).
    """

    decision_id: str
    case_id: str
    verdict: Verdict
    score: float | None
    probabilities: Probabilities | None
    action: Action
    route: Route
    final: bool
    elapsed_ms: float


class FactorsEvent(_Payload):
    """`factors`: one to three decision factors, the most weighty first."""

    decision_factors: tuple[Factor, ...]


class ReasoningEvent(_Payload):
    """`reasoning`: the next piece of the reasoning; the pieces join to the whole."""

    delta: str


class DecisionEvent(Decision):
    """`decision`: the whole decision, the last event of a good stream."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FieldFault(_Payload):
    """One bad field: a JSON pointer (RFC 6901) into the request, and what to do."""

    pointer: str
    detail: str


class ProblemEvent(_Payload):
    """`problem`: why the request or the stream failed (RFC 9457); the last event of a failed stream.

    `decision_id` is there when a decision was begun, `retry_after_s` when it is worth asking again.
    """

    type: str = "about:blank"
    title: str = ""
    status: int = 500
    detail: str = ""
    errors: tuple[FieldFault, ...] = ()
    retry_after_s: float | None = None
    decision_id: str | None = None


StreamEvent = VerdictEvent | FactorsEvent | ReasoningEvent | DecisionEvent | ProblemEvent

EVENT_MODELS: Final[Mapping[str, type[StreamEvent]]] = {
    "verdict": VerdictEvent,
    "factors": FactorsEvent,
    "reasoning": ReasoningEvent,
    "decision": DecisionEvent,
    "problem": ProblemEvent,
}
"""Which model reads the data of which event."""
