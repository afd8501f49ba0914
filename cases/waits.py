"""Who waited for whom in a chat, and how long; no word is read.

Takes: chat messages in order of time. Gives: runs of buyer messages without an answer.
Does not: know which message is a question; an auto-reply counts as an answer unless the caller names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.case import ChatKind, ChatMessage, Sender
from cases.neutral_text import neutral

_UNREADABLE = frozenset({ChatKind.IMAGE, ChatKind.STICKER, ChatKind.VOICE})


@dataclass(frozen=True, slots=True)
class UnansweredRun:
    """Buyer messages in a row that waited for the seller.

    `began_at` is the first of them, `ended_at` the answer, or the cancellation if not `answered`.
    """

    began_at: datetime
    ended_at: datetime
    answered: bool

    @property
    def hours(self) -> float:
        """How long the first message waited."""
        return hours_between(self.began_at, self.ended_at)


def unanswered_runs(
    chat: Sequence[ChatMessage], cancelled_at: datetime, not_answers: frozenset[ChatMessage]
) -> tuple[UnansweredRun, ...]:
    """Every run of buyer messages up to the seller's next message that is not in `not_answers`.

    `chat` is sorted; a seller message at the same time as the buyer's answers it. The last run may still be open.
    """
    runs: list[UnansweredRun] = []
    began: datetime | None = None
    for message in chat:
        if message.at is None:
            continue
        if message.sender is Sender.BUYER:
            began = began or message.at
        elif message.sender is Sender.SELLER and began is not None and message not in not_answers:
            runs.append(UnansweredRun(began, message.at, answered=True))
            began = None
    if began is not None:
        runs.append(UnansweredRun(began, cancelled_at, answered=False))
    return tuple(runs)


def is_readable(message: ChatMessage) -> bool:
    """Does the message show any text, be it a picture's caption?"""
    return bool(message.text) and bool(neutral(message.text or ""))


def is_unreadable(message: ChatMessage) -> bool:
    """Is it a picture, sticker or voice note without a caption?"""
    return message.kind in _UNREADABLE and not is_readable(message)


def hours_between(earlier: datetime, later: datetime) -> float:
    """From `earlier` to `later`, negative if they are the other way round."""
    return (later - earlier).total_seconds() / 3600.0
