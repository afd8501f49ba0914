"""What happens beside the matter: innocent calls and questions, stickers, text meant for a reviewer.

Takes: a `Life`. Gives: turns and calls that say nothing about the cause, at rates that do not depend on it.
Does not: decide a cancellation, but for a buyer whom a polite question reminds of its own doubts.
"""

from cases.case import ChatKind, Sender
from marketplace.acts import Act
from marketplace.history import CauseKind, Problem, Turn
from marketplace.life_state import Life

_HOSTILE_SHARE = 0.02
_FILLER_SHARE = 0.015


def innocent_contact(life: Life) -> None:
    """A call about an address or a colour, which leaves the same entry as any other; or "do you still want it?"."""
    if life.over or life.deciding or life.handed_over_s is not None:
        return
    if life.chance(0.3):
        _asks_politely(life)
        return
    answered = life.chance(0.62)
    life.ring(answered=answered, seconds=round(8.0 + life.rng.lognormvariate(3.4, 0.7)) if answered else 0.0)
    if life.order.problem is Problem.NONE and life.chance(0.25):
        life.now_s += life.rng.uniform(60.0, 600.0)
        life.seller_says(Act.S_ANSWER_STATUS)


def _asks_politely(life: Life) -> None:
    greeting = (Act.S_GREETING,) if life.chance(0.4) else ()
    life.seller_says(*greeting, Act.S_ASK_STILL_WANT)
    if life.chance(0.3):
        life.now_s += life.rng.uniform(60.0, 7200.0)
        life.buyer_says(Act.B_CHANGE_MIND if life.chance(0.75) else Act.B_FOUND_CHEAPER)
        life.decide(CauseKind.BUYER_CHANGED_MIND, 30.0)
    elif life.chance(0.5):
        life.now_s += life.rng.uniform(60.0, 7200.0)
        life.buyer_says(Act.B_THANKS if life.chance(0.5) else Act.B_ASK_WHEN_SHIP)


def asides(life: Life) -> None:
    """Stickers and pictures; now and then text for whoever reviews the case, or pasted text that means nothing."""
    if life.turns and life.chance(0.07):
        sender = Sender.BUYER if life.chance(0.5) else Sender.SELLER
        _at_some_time(life, sender, (), life.rng.choice((ChatKind.STICKER, ChatKind.IMAGE)))
    if life.chance(_HOSTILE_SHARE):
        seller = life.chance(0.55)
        act = Act.X_HOSTILE_FOR_SELLER if seller else Act.X_HOSTILE_FOR_BUYER
        _at_some_time(life, Sender.SELLER if seller else Sender.BUYER, (act,), ChatKind.TEXT)
    if life.chance(_FILLER_SHARE):
        sender = Sender.SELLER if life.chance(0.5) else Sender.BUYER
        _at_some_time(life, sender, (Act.X_NEUTRAL_FILLER,), ChatKind.TEXT)


def _at_some_time(life: Life, sender: Sender, acts: tuple[Act, ...], kind: ChatKind) -> None:
    """A turn somewhere between the order and its end, rather late than early."""
    end_s = life.cancelled_s if life.cancelled_s is not None else life.now_s
    share = 1.0 - life.rng.random() ** 2
    at_s = life.order.placed_s + share * (end_s - life.order.placed_s)
    life.turns.append(Turn(at_s, sender, acts, kind))
