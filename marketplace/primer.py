"""Primers: chats whose lines are drawn act by act, so that every act is read as often as any other.

Takes: observed cases, for their people and their dates. Gives: cases with another chat, to be glossed line by line.
Does not: tell a story: nothing follows from anything, so such a case has no label of its own and is never judged.

In lived-through cases half of the lines greet, ask when it ships or say thanks; a reader of those alone hardly meets
the wordings that decide a case. Hostile text is left out: it may name a verdict, and a base reads none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from cases.case import Case, ChatKind, ChatMessage, Sender
from marketplace.acts import FAMILIES, Act
from marketplace.history import Turn
from marketplace.record import moment
from marketplace.simulate import Observed
from marketplace.talk import UtteredAct

_LINES: Final = 14
_TWO_ACTS: Final = 0.3  # of the lines; the others have one
_HOSTILE: Final = frozenset(FAMILIES["hostile"])
_ACTS: Final = {
    sender: tuple(act for act in Act if sender in act.senders and act not in _HOSTILE)
    for sender in (Sender.SELLER, Sender.BUYER)
}


@dataclass(frozen=True, slots=True)
class Primer:
    """A case without a story, and what its lines do."""

    case: Case
    acts: tuple[UtteredAct, ...]


def primers(observed: Iterable[Observed], rng: Random) -> Iterator[Primer]:
    """One primer a case, in the wordings that its writer may use; orders shorter than a primer are passed over."""
    for one in observed:
        order = one.simulated.case.order
        first_s, last_s = int(order.placed_at.timestamp()) + 1, int(order.cancelled_at.timestamp())
        if last_s - first_s > _LINES:
            yield _primer(one, sorted(rng.sample(range(first_s, last_s), _LINES)), rng)


def _primer(one: Observed, moments_s: list[int], rng: Random) -> Primer:
    messages, acts = [], []
    for index, at_s in enumerate(moments_s):
        sender = rng.choice((Sender.SELLER, Sender.BUYER))
        drawn = _drawn(sender, rng)
        line = one.writer.line(Turn(float(at_s), sender, drawn, ChatKind.TEXT, None))
        messages.append(ChatMessage(at=moment(at_s), sender=sender, kind=ChatKind.TEXT, text=line.text))
        acts += [UtteredAct(moment(at_s), sender, act, index, None) for act in drawn]
    return Primer(one.simulated.case.model_copy(update={"chat": tuple(messages)}), tuple(acts))


def _drawn(sender: Sender, rng: Random) -> tuple[Act, ...]:
    first = rng.choice(_ACTS[sender])
    if first is Act.S_AUTO_REPLY or rng.random() > _TWO_ACTS:
        return (first,)
    second = rng.choice(_ACTS[sender])
    return (first,) if second in {first, Act.S_AUTO_REPLY} else (first, second)
