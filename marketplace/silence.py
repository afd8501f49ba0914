"""How long the buyer's questions about the order waited for a real answer.

Takes: a chat in order of time and the acts that its readable lines do. Gives: `Silence`.
Does not: count an auto-reply or a bare greeting as an answer, or a product question or thanks as a question; nor a
complaint made in one breath with the decision to cancel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.case import ChatMessage, Sender
from cases.waits import hours_between
from marketplace.acts import DECISIONS, NO_ANSWER, ORDER_QUESTIONS, Act

_PEACE = frozenset({Act.B_AGREE_WAIT, Act.B_THANKS})
_ONE_BREATH_HOURS = 5.0 / 60.0


@dataclass(frozen=True, slots=True)
class Silence:
    """The longest that a question about the order waited; `hours` 0 if there was none."""

    hours: float
    still_open: bool
    asked: bool


def longest_silence(
    chat: Sequence[ChatMessage], by_line: Mapping[int, frozenset[Act]], cancelled_at: datetime
) -> Silence:
    """`by_line` maps a line's index to its acts. A buyer who agrees to wait or says thanks lets the past rest.

    A seller line that cannot be read counts as an answer: nobody can say that it was none.
    """
    longest, began, asked = 0.0, None, False
    for index, message in enumerate(chat):
        said = by_line.get(index, frozenset())
        if message.at is None:
            continue
        if message.sender is Sender.BUYER:
            if said & DECISIONS:
                if began is not None and hours_between(began, message.at) <= _ONE_BREATH_HOURS:
                    began = None
            elif said & _PEACE and not said & ORDER_QUESTIONS:
                longest, began, asked = 0.0, None, asked or began is not None
            elif began is None and said & ORDER_QUESTIONS:
                began = message.at
        elif message.sender is Sender.SELLER and began is not None and not (said and said <= NO_ANSWER):
            longest, began, asked = max(longest, hours_between(began, message.at)), None, True
    still_hours = 0.0 if began is None else hours_between(began, cancelled_at)
    return Silence(max(longest, still_hours), began is not None, asked or began is not None)
