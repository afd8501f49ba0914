"""The 13 communication features of answers and of silence.

Takes: `RecordFacts`. Gives: `REPLY_FEATURES`. Does not: know which message asks and which answers.
"""

from itertools import groupby, pairwise
from statistics import median

from cases.case import ChatMessage, Sender
from cases.feature_spec import Family, FeatureSpec, Measure
from cases.record import LONG_SILENCE_HOURS, RecordFacts
from cases.waits import hours_between

_INSTANT_SECONDS = 10.0  # nobody types an answer so fast: an auto-reply


def _reply_minutes(facts: RecordFacts) -> list[float]:
    """How long each answered run of buyer messages waited, in order of time."""
    return [run.hours * 60.0 for run in facts.unanswered_runs if run.answered]


def _median_reply(facts: RecordFacts) -> float | None:
    minutes = _reply_minutes(facts)
    return median(minutes) if minutes else None


def _reply_at(facts: RecordFacts, index: int) -> float | None:
    minutes = _reply_minutes(facts)
    return minutes[index] if minutes else None


def _reply_slowdown(facts: RecordFacts) -> float | None:
    usual = facts.case.seller.mean_reply_minutes_30d if facts.case.seller else None
    here = _median_reply(facts)
    return here / usual if here is not None and usual else None


def _instant_replies(facts: RecordFacts) -> int:
    """Seller messages within seconds of the buyer message just before."""
    parties = [m for run in _runs(facts) for m in run]
    return sum(
        later.sender is Sender.SELLER
        and earlier.sender is Sender.BUYER
        and _seconds_between(earlier, later) <= _INSTANT_SECONDS
        for earlier, later in pairwise(parties)
    )


def _seconds_between(earlier: ChatMessage, later: ChatMessage) -> float:
    if earlier.at is None or later.at is None:
        return float("inf")
    return (later.at - earlier.at).total_seconds()


def _runs(facts: RecordFacts) -> list[list[ChatMessage]]:
    """The messages of buyer and seller, in runs of one sender."""
    parties = (m for m in facts.case.chat or () if m.sender in (Sender.BUYER, Sender.SELLER))
    return [list(run) for _, run in groupby(parties, key=lambda m: m.sender)]


def _buyer_median_reply(facts: RecordFacts) -> float | None:
    """How long the seller waited for the buyer: first message of a seller run to the buyer's next."""
    runs = _runs(facts)
    minutes = [
        hours_between(run[0].at, answer[0].at) * 60.0
        for run, answer in pairwise(runs)
        if run[0].sender is Sender.SELLER and run[0].at is not None and answer[0].at is not None
    ]
    return median(minutes) if minutes else None


def _longest_run(facts: RecordFacts, sender: Sender) -> int:
    return max((len(run) for run in _runs(facts) if run[0].sender is sender), default=0)


def _open_messages(facts: RecordFacts) -> int:
    """Buyer messages since the seller's last one."""
    runs = _runs(facts)
    return len(runs[-1]) if runs and runs[-1][0].sender is Sender.BUYER else 0


def _long_silences(facts: RecordFacts) -> int:
    return sum(run.hours >= LONG_SILENCE_HOURS for run in facts.unanswered_runs)


def _known(facts: RecordFacts, value: float) -> float | None:
    """`value`, unless there is no chat record to measure in."""
    return value if facts.chat_known else None


def _spec(name: str, unit: str, description: str, measure: Measure) -> FeatureSpec:
    return FeatureSpec(name, unit, Family.COMMUNICATION, description, measure)


REPLY_FEATURES: tuple[FeatureSpec, ...] = (
    _spec("first_reply_minutes", "min", "the seller's first answer took", lambda f: _reply_at(f, 0)),
    _spec("median_reply_minutes", "min", "the seller's answers took, median", _median_reply),
    _spec("last_reply_minutes", "min", "the seller's last answer took", lambda f: _reply_at(f, -1)),
    _spec("reply_slowdown", "ratio", "median answer here over the seller's 30-day mean", _reply_slowdown),
    _spec(
        "instant_replies",
        "count",
        "seller messages within 10 s of a buyer's",
        lambda f: _known(f, _instant_replies(f)),
    ),
    _spec("buyer_median_reply_minutes", "min", "the buyer's answers took, median", _buyer_median_reply),
    _spec(
        "buyer_runs",
        "count",
        "runs of buyer messages, answered or not",
        lambda f: _known(f, len(f.unanswered_runs)),
    ),
    _spec("long_silences", "count", "runs that waited 24 h or more", lambda f: _known(f, _long_silences(f))),
    _spec(
        "longest_unanswered_hours",
        "h",
        "longest wait of a buyer message, answered in the end or not; 0 without buyer messages",
        lambda f: f.longest_unanswered_hours,
    ),
    _spec(
        "open_question_hours",
        "h",
        "age of the oldest buyer message after the seller's last; 0 when none is open",
        lambda f: _known(f, f.open_question_hours or 0.0),
    ),
    _spec(
        "open_question_messages",
        "count",
        "buyer messages since the seller's last",
        lambda f: _known(f, _open_messages(f)),
    ),
    _spec(
        "longest_buyer_run",
        "count",
        "most buyer messages in a row",
        lambda f: _known(f, _longest_run(f, Sender.BUYER)),
    ),
    _spec(
        "longest_seller_run",
        "count",
        "most seller messages in a row",
        lambda f: _known(f, _longest_run(f, Sender.SELLER)),
    ),
)
