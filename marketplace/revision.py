"""Change one thing in a simulated case and label it again.

Takes: an `Observed` case and what to change. Gives: a `SimulatedCase` that is otherwise the same.
Does not: choose what to change (`counterfactual` and `hostile` do), or keep the hidden cause true: the change is to
the record, so the cause stays that of the history.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cases.case import ChatKind, ChatMessage, LabelledCase
from marketplace.acts import NAMES_A_DATE, Act
from marketplace.history import Turn
from marketplace.policy import policy_label
from marketplace.realise import Line
from marketplace.simulate import Observed, SimulatedCase, with_label
from marketplace.talk import UtteredAct


def with_record(observed: Observed, changes: dict[str, object]) -> SimulatedCase:
    """The case with other values in some of its top-level fields, checked and labelled anew."""
    simulated = observed.simulated
    fields = {name: getattr(simulated.case, name) for name in LabelledCase.model_fields if name != "label"}
    return _labelled(simulated, LabelledCase.model_validate(fields | changes), simulated.acts)


def with_line(
    observed: Observed, index: int, acts: tuple[Act, ...], until: datetime | None = None
) -> SimulatedCase:
    """The case with chat line `index` doing other acts, newly worded by the same person; the rest stays."""
    simulated = observed.simulated
    chat = list(simulated.case.chat or ())
    old = chat[index]
    if old.at is None or old.sender is None:
        raise ValueError("a simulated line has a time and a sender")
    until_s = None if until is None else until.timestamp()
    line = observed.writer.line(Turn(old.at.timestamp(), old.sender, acts, until_s=until_s))
    chat[index] = ChatMessage(at=old.at, sender=old.sender, text=line.text, kind=ChatKind.TEXT)
    kept = [a for a in simulated.acts if a.line_index != index]
    return _with_chat(simulated, chat, [*kept, *_uttered(line, index)])


def with_extra_line(observed: Observed, line: Line, position: int) -> SimulatedCase:
    """The case with one more chat line at `position`; later lines move up by one."""
    simulated = observed.simulated
    chat = list(simulated.case.chat or ())
    message = ChatMessage(
        at=datetime.fromtimestamp(line.at_s, UTC), sender=line.sender, text=line.text, kind=line.kind
    )
    chat.insert(position, message)
    moved = [replace(a, line_index=a.line_index + (a.line_index >= position)) for a in simulated.acts]
    return _with_chat(simulated, chat, [*moved, *_uttered(line, position)])


def free_second(observed: Observed, position: int) -> datetime | None:
    """A moment for a line between its neighbours, or None where they leave no whole second."""
    case = observed.simulated.case
    chat = case.chat or ()
    before = chat[position - 1].at if position else case.order.placed_at
    after = chat[position].at if position < len(chat) else case.order.cancelled_at + timedelta(seconds=1)
    if before is None or after is None or after - before < timedelta(seconds=2):
        return None
    return before + max(timedelta(seconds=1), timedelta(seconds=int((after - before).total_seconds() / 2)))


def _uttered(line: Line, index: int) -> list[UtteredAct]:
    at = datetime.fromtimestamp(line.at_s, UTC)
    until = None if line.until_s is None else datetime.fromtimestamp(line.until_s, UTC)
    return [
        UtteredAct(at, line.sender, act, index, until if act in NAMES_A_DATE else None) for act in line.acts
    ]


def _with_chat(
    simulated: SimulatedCase, chat: Sequence[ChatMessage], acts: Sequence[UtteredAct]
) -> SimulatedCase:
    fields = {name: getattr(simulated.case, name) for name in LabelledCase.model_fields}
    case = LabelledCase.model_construct(**{**fields, "chat": tuple(chat), "label": None})
    return _labelled(simulated, case, tuple(sorted(acts, key=lambda a: a.line_index)))


def _labelled(simulated: SimulatedCase, case: LabelledCase, acts: tuple[UtteredAct, ...]) -> SimulatedCase:
    return replace(simulated, case=with_label(case, policy_label(case, acts)), acts=acts)
