"""Simulated cases as long as others are: the same load for the engine, without looking at what the others say.

Takes: wanted lengths in tokens, a pool of simulated cases, a way to measure. Gives: cases of those lengths.
Does not: keep a case's label true (chat of other cases may be added to reach a length): for measuring time only.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain, cycle

from cases.case import Case, ChatMessage
from cases.errors import ConfigError

CountTokens = Callable[[Case], int]


def cases_of_lengths(lengths: Sequence[int], pool: Sequence[Case], count: CountTokens) -> list[Case]:
    """One case a length, each as near below or above it as one chat message allows; all have different ids.

    A pool case is taken once; what is too short gets chat messages of other pool cases, at the same distance from the
    cancellation. Raises ConfigError when the pool is smaller than the number of lengths.
    """
    if len(pool) < len(lengths):
        raise ConfigError(f"{len(lengths)} lengths, but a pool of {len(pool)} cases")
    left = sorted(((count(case), case) for case in pool), key=lambda pair: (pair[0], pair[1].case_id))
    donors = cycle(pool)
    found: dict[int, Case] = {}
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        tokens, case = left.pop(_nearest_below(left, lengths[index]))
        found[index] = case if tokens >= lengths[index] else _lengthened(case, lengths[index], donors, count)
    return [found[index] for index in range(len(lengths))]


def _nearest_below(left: Sequence[tuple[int, Case]], length: int) -> int:
    """Where the longest case of at most `length` tokens stands; the shortest, if all are longer."""
    fitting = [index for index, (tokens, _) in enumerate(left) if tokens <= length]
    return fitting[-1] if fitting else 0


def _lengthened(case: Case, length: int, donors: "cycle[Case]", count: CountTokens) -> Case:
    messages = (_moved(message, donor, case) for donor in donors for message in donor.chat or ())
    longer = case
    for message in messages:
        candidate = _with_message(longer, message)
        tokens = count(candidate)
        if tokens > length or tokens == count(
            longer
        ):  # the next would be too long, or the prompt's budget is full
            return longer
        longer = candidate
    return longer


def _moved(message: ChatMessage, donor: Case, case: Case) -> ChatMessage:
    """The message as far before this case's cancellation as it was before its own, never before the order."""
    at: datetime | None = message.at
    if at is not None:
        at = max(case.order.placed_at, case.order.cancelled_at - (donor.order.cancelled_at - at))
    return message.model_copy(update={"at": at})


def _with_message(case: Case, message: ChatMessage) -> Case:
    return case.model_copy(update={"chat": tuple(chain(case.chat or (), (message,)))})
