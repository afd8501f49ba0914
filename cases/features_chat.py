"""The 20 communication features of messages: how many, how long, of what kind, when.

Takes: `RecordFacts`. Gives: `CHAT_FEATURES`. Does not: read words; lengths count visible characters, so that padding
with invisible ones changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta

from cases.case import ChatKind, ChatMessage, Sender
from cases.feature_spec import Family, FeatureSpec, Measure
from cases.neutral_text import neutral
from cases.record import RecordFacts
from cases.waits import hours_between, is_unreadable

_RECENT = timedelta(hours=24)
_CARDS = frozenset({ChatKind.ORDER_CARD, ChatKind.VOUCHER})


def _counted(facts: RecordFacts, count: int) -> float | None:
    """`count`, unless there is no chat record to count in."""
    return count if facts.chat_known else None


def _parties(facts: RecordFacts) -> list[ChatMessage]:
    return [m for m in facts.case.chat or () if m.sender in (Sender.BUYER, Sender.SELLER)]


def _seller_share(facts: RecordFacts) -> float | None:
    both = len(facts.buyer_messages) + len(facts.seller_messages)
    return len(facts.seller_messages) / both if both else None


def _lengths(messages: Sequence[ChatMessage]) -> list[int]:
    """Of the messages that show any text."""
    return [length for m in messages if (length := len(neutral(m.text or "")))]


def _mean_chars(messages: Sequence[ChatMessage]) -> float | None:
    lengths = _lengths(messages)
    return sum(lengths) / len(lengths) if lengths else None


def _last_chars(messages: Sequence[ChatMessage]) -> float | None:
    lengths = _lengths(messages)
    return lengths[-1] if lengths else None


def _unreadable_share(messages: Sequence[ChatMessage]) -> float | None:
    return sum(map(is_unreadable, messages)) / len(messages) if messages else None


def _repeats(messages: Sequence[ChatMessage]) -> int:
    """Messages with exactly the text of an earlier one of the same sender: auto-replies, or insisting."""
    texts = [text for m in messages if (text := neutral(m.text or ""))]
    return len(texts) - len(set(texts))


def _spoke(facts: RecordFacts, index: int) -> float | None:
    parties = _parties(facts)
    return parties[index].sender is Sender.SELLER if parties else None


def _hours_before(facts: RecordFacts, messages: Sequence[ChatMessage], index: int) -> float | None:
    at = messages[index].at if messages else None
    return None if at is None else hours_between(at, facts.cancelled_at)


def _recent(facts: RecordFacts, messages: Sequence[ChatMessage]) -> float | None:
    since = facts.cancelled_at - _RECENT
    return _counted(facts, sum(m.at is not None and m.at >= since for m in messages))


def _after_promise(facts: RecordFacts, messages: Sequence[ChatMessage]) -> float | None:
    promised = facts.promised_at
    if promised is None:
        return None
    return _counted(facts, sum(m.at is not None and m.at > promised for m in messages))


def _of_kind(facts: RecordFacts, *kinds: ChatKind) -> int:
    return sum(m.kind in kinds for m in facts.case.chat or ())


def _system_messages(facts: RecordFacts) -> int:
    return sum(m.sender is Sender.SYSTEM for m in facts.case.chat or ())


def _spec(name: str, unit: str, description: str, measure: Measure) -> FeatureSpec:
    return FeatureSpec(name, unit, Family.COMMUNICATION, description, measure)


CHAT_FEATURES: tuple[FeatureSpec, ...] = (
    _spec("buyer_messages", "count", "the buyer's messages", lambda f: _counted(f, len(f.buyer_messages))),
    _spec("seller_messages", "count", "the seller's messages", lambda f: _counted(f, len(f.seller_messages))),
    _spec("seller_message_share", "share", "the seller's share of both parties' messages", _seller_share),
    _spec("system_messages", "count", "the platform's messages", lambda f: _counted(f, _system_messages(f))),
    _spec(
        "buyer_mean_chars",
        "characters",
        "mean length of buyer texts",
        lambda f: _mean_chars(f.buyer_messages),
    ),
    _spec(
        "seller_mean_chars",
        "characters",
        "mean length of seller texts",
        lambda f: _mean_chars(f.seller_messages),
    ),
    _spec(
        "seller_last_chars",
        "characters",
        "length of the seller's last text",
        lambda f: _last_chars(f.seller_messages),
    ),
    _spec(
        "unreadable_messages",
        "count",
        "pictures, stickers and voice notes without text",
        lambda f: _counted(f, f.chat_unreadable_messages),
    ),
    _spec(
        "seller_unreadable_share",
        "share",
        "of the seller's messages, those that cannot be read",
        lambda f: _unreadable_share(f.seller_messages),
    ),
    _spec("card_messages", "count", "order cards and vouchers", lambda f: _counted(f, _of_kind(f, *_CARDS))),
    _spec("seller_opened", "0/1", "the seller wrote first", lambda f: _spoke(f, 0)),
    _spec("seller_spoke_last", "0/1", "the seller wrote last", lambda f: _spoke(f, -1)),
    _spec(
        "first_message_hours_before",
        "h",
        "first message of either party to the cancellation",
        lambda f: _hours_before(f, _parties(f), 0),
    ),
    _spec(
        "seller_last_hours_before",
        "h",
        "the seller's last message to the cancellation",
        lambda f: _hours_before(f, f.seller_messages, -1),
    ),
    _spec(
        "buyer_last_hours_before",
        "h",
        "the buyer's last message to the cancellation",
        lambda f: _hours_before(f, f.buyer_messages, -1),
    ),
    _spec(
        "seller_messages_24h", "count", "seller messages, last 24 h", lambda f: _recent(f, f.seller_messages)
    ),
    _spec("buyer_messages_24h", "count", "buyer messages, last 24 h", lambda f: _recent(f, f.buyer_messages)),
    _spec(
        "seller_messages_after_promise",
        "count",
        "the seller's messages after the first promise had passed",
        lambda f: _after_promise(f, f.seller_messages),
    ),
    _spec(
        "buyer_messages_after_promise",
        "count",
        "the buyer's messages after the first promise had passed",
        lambda f: _after_promise(f, f.buyer_messages),
    ),
    _spec(
        "seller_repeated_messages",
        "count",
        "seller texts equal to an earlier one",
        lambda f: _counted(f, _repeats(f.seller_messages)),
    ),
)
