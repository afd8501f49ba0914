"""Does the record support what a reasoning states?

Takes: reasonings, each with the simulated case it is about. Gives: every checkable statement, supported or not, and
the share that is. Does not: judge the verdict, or statements that no record can settle ("the chat names no cause").

Six kinds are checked: hours late (or left), hours silent, who asked, calls, stock-outs, extensions. A number is
supported when it is right to within one unit (the record's hours are real numbers, a reasoning's whole ones).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from eval.record_truth import RecordTruth
from marketplace.simulate import SimulatedCase


class Topic(StrEnum):
    """What a checkable statement is about."""

    LATENESS = "hours late"
    SILENCE = "hours silent"
    REQUEST = "who asked"
    CALL = "call"
    STOCK_OUT = "stock-out"
    EXTENSIONS = "extensions"


@dataclass(frozen=True, slots=True)
class Statement:
    """A stretch of a reasoning that states something checkable."""

    topic: Topic
    text: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Share:
    """`supported` of `stated` statements."""

    supported: int
    stated: int


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """All statements of a set of reasonings, counted; `reasonings_without` state nothing checkable."""

    total: Share
    by_topic: dict[Topic, Share]
    reasonings: int
    reasonings_without: int
    unsupported: tuple[str, ...]
    each: tuple[Share, ...] = ()
    """Of every reasoning, in order: statements of one reasoning hold or fail together."""


@dataclass(frozen=True, slots=True)
class _Kind:
    topic: Topic
    pattern: re.Pattern[str]
    holds: Callable[[RecordTruth, re.Match[str]], bool]


def _kind(topic: Topic, pattern: str, holds: Callable[[RecordTruth, re.Match[str]], bool]) -> _Kind:
    return _Kind(topic, re.compile(pattern, re.IGNORECASE), holds)


_KINDS: Final = (
    _kind(Topic.LATENESS, r"\b(\d+) h late\b", lambda t, m: t.is_late_by(float(m[1]))),
    _kind(Topic.LATENESS, r"\b(\d+) h left\b", lambda t, m: t.has_left(float(m[1]))),
    _kind(
        Topic.LATENESS,
        r"\bpromised? (?:ship )?time is (?:unknown|on record)|\bno promised ship time is on record",
        lambda t, _: t.promise_unknown,
    ),
    _kind(Topic.SILENCE, r"\bunanswered for (\d+) h\b", lambda t, m: t.was_silent_for(float(m[1]))),
    _kind(Topic.SILENCE, r"\bopen for (\d+) h\b", lambda t, m: t.was_silent_for(float(m[1]))),
    _kind(
        Topic.REQUEST,
        r"\bseller (?:asked|told|urged) the buyer to cancel|\bit asked the buyer to cancel",
        lambda t, _: t.seller_asked,
    ),
    _kind(
        Topic.REQUEST,
        r"\bseller invited the buyer to cancel|\bsaid the buyer may cancel"
        r"|\bseller left the buyer to wait or cancel",
        lambda t, _: t.seller_invited,
    ),
    _kind(
        Topic.REQUEST,
        r"\bneither asked for the cancellation nor refused|\bno request or refusal by the seller",
        lambda t, _: t.no_request_or_refusal,
    ),
    _kind(
        Topic.CALL,
        r"\banswered call(?: from the seller)? of (\d+) s,? (\d+(?:\.\d+)?) h before\b",
        lambda t, m: t.has_call(float(m[1]), float(m[2])),
    ),
    _kind(Topic.CALL, r"\bwhat the call was about|\bsays why the seller rang", lambda t, _: t.rang),
    _kind(Topic.CALL, r"\balludes to a call|\bpoints to a phone talk", lambda t, _: t.call_alluded),
    _kind(
        Topic.CALL,
        r"\basked for it by phone|\btold it by phone|\binducement came by phone",
        lambda t, _: t.phone_reported,
    ),
    _kind(
        Topic.CALL,
        r"\breports a call that led to the cancellation, and the seller denies"
        r"|\breports of a call stands against a flat denial",
        lambda t, _: t.phone_reported and t.phone_denied,
    ),
    _kind(
        Topic.STOCK_OUT,
        r"\bstock-out is recorded|\brecord holds a stock-out",
        lambda t, _: t.stock_out_recorded,
    ),
    _kind(
        Topic.STOCK_OUT,
        r"\bseller (?:said|claimed)[^.]*? (?:is )?out of stock|\bseller the stock is gone",
        lambda t, _: t.stock_out_claimed,
    ),
    _kind(Topic.EXTENSIONS, r"\b(\d+) extensions?\b", lambda t, m: t.extensions == int(m[1])),
    _kind(Topic.EXTENSIONS, r"\bmoved (\d+) times\b", lambda t, m: t.extensions == int(m[1])),
)


def statements(reasoning: str, truth: RecordTruth) -> tuple[Statement, ...]:
    """The checkable statements of one reasoning, in the order of the kinds above."""
    return tuple(
        Statement(kind.topic, match[0], kind.holds(truth, match))
        for kind in _KINDS
        for match in kind.pattern.finditer(reasoning)
    )


def measure(pairs: Iterable[tuple[str, SimulatedCase]]) -> Faithfulness:
    """Check every statement of every reasoning against the record of the case it is dealt to."""
    stated: Counter[Topic] = Counter()
    supported: Counter[Topic] = Counter()
    unsupported: list[str] = []
    each: list[Share] = []
    for reasoning, simulated in pairs:
        found = statements(reasoning, RecordTruth.of(simulated))
        each.append(Share(sum(s.supported for s in found), len(found)))
        stated.update(statement.topic for statement in found)
        supported.update(statement.topic for statement in found if statement.supported)
        unsupported += [f"{simulated.case.case_id}: {s.text}" for s in found if not s.supported]
    by_topic = {topic: Share(supported[topic], stated[topic]) for topic in Topic}
    total = Share(supported.total(), stated.total())
    without = sum(not one.stated for one in each)
    return Faithfulness(total, by_topic, len(each), without, tuple(unsupported), tuple(each))


def dealt_to_others(
    reasonings: Sequence[str], cases: Sequence[SimulatedCase]
) -> list[tuple[str, SimulatedCase]]:
    """Each reasoning with the next case that has the same label: what chance alone would support."""
    by_label: dict[object, list[int]] = {}
    for index, simulated in enumerate(cases):
        by_label.setdefault(simulated.case.label and simulated.case.label.verdict, []).append(index)
    dealt: list[tuple[str, SimulatedCase]] = []
    for indices in by_label.values():
        others = [*indices[1:], *indices[:1]]
        dealt += [(reasonings[i], cases[j]) for i, j in zip(indices, others, strict=True) if i != j]
    return dealt
