"""The events of a stream, numbered; `cases.stream` holds the models of their data.

Takes: what became known about a decision. Gives: `Event`s with the id `<decision_id>:<n>` and JSON data.
Does not: send them (`serving.streams`) or keep them (`serving.runs`, `serving.decision_log`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import TypeAdapter

from cases.decision import Decision
from cases.errors import CaseError, FieldProblem
from cases.stream import FactorsEvent, ReasoningEvent, VerdictEvent
from serving.problems import Problem

ATTEMPT_STRIDE = 10_000
"""Each new attempt at a decision (after a restart) numbers its events from the next multiple of this."""


class EventName(StrEnum):
    """The names, in the order of a good stream; `problem` ends a failed one."""

    VERDICT = "verdict"
    FACTORS = "factors"
    REASONING = "reasoning"
    DECISION = "decision"
    PROBLEM = "problem"


EventData = VerdictEvent | FactorsEvent | ReasoningEvent | Decision | Problem


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number in the decision's stream, its name and its data as JSON on one line."""

    decision_id: str
    n: int
    name: EventName
    data: str

    @property
    def id(self) -> str:
        """The SSE id."""
        return f"{self.decision_id}:{self.n}"

    @property
    def last(self) -> bool:
        """Whether nothing follows in this stream."""
        return self.name in {EventName.DECISION, EventName.PROBLEM}

    @classmethod
    def of(cls, decision_id: str, n: int, data: EventData) -> Self:
        """The event that carries `data`."""
        name = _name(data)
        return cls(decision_id, n, name, data.model_dump_json(exclude_none=name is EventName.PROBLEM))


def dump_events(events: list[Event]) -> str:
    """The events as one JSON text for the decision log."""
    return _STORED.dump_json([(e.n, e.name, e.data) for e in events]).decode()


def load_events(decision_id: str, stored: str) -> list[Event]:
    """The events that `dump_events` wrote."""
    return [Event(decision_id, n, name, data) for n, name, data in _STORED.validate_json(stored)]


def event_number(decision_id: str, last_event_id: str) -> int:
    """The number in a `Last-Event-ID` of this decision's stream; raises CaseError when it is not one."""
    match = re.fullmatch(r"(.{1,64}):(\d{1,9})", last_event_id, re.ASCII)
    if match is None or match[1] != decision_id:
        message = (
            "not an event of this decision; send the id of its last event received, or leave the header out"
        )
        raise CaseError([FieldProblem("/headers/Last-Event-ID", message)])
    return int(match[2])


def _name(data: EventData) -> EventName:
    match data:
        case VerdictEvent():
            return EventName.VERDICT
        case FactorsEvent():
            return EventName.FACTORS
        case ReasoningEvent():
            return EventName.REASONING
        case Decision():
            return EventName.DECISION
        case Problem():
            return EventName.PROBLEM


_STORED = TypeAdapter(list[tuple[int, EventName, str]])
