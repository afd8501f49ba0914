"""The life of one order: parcel, seller and buyer take turns on one agenda until somebody ends it.

Takes: a shop, one of its orders, a buyer. Gives: the `History` of an order that its buyer cancelled, or None
(delivered, cancelled by the shop, kept). Does not: write text or a record.
"""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType

from marketplace import life_asides, life_buyer, life_exit, life_parcel, life_reaction, life_seller
from marketplace.history import History, ShopOrder
from marketplace.life_state import Life, Step
from marketplace.rhythm import DAY_S, LocalClock
from marketplace.shop import Shop
from marketplace.traits import BuyerTraits

_LONGEST_DAYS = 24.0


def _delivered(life: Life) -> None:
    life.over = True


_DOES: Mapping[Step, Callable[[Life], None]] = MappingProxyType(
    {
        Step.PACK: life_parcel.pack,
        Step.HAND_OVER: life_parcel.hand_over,
        Step.COURIER_SCAN: life_parcel.courier_scan,
        Step.DELIVERED: _delivered,
        Step.DEADLINE_NEAR: life_parcel.deadline_near,
        Step.DEADLINE: life_parcel.deadline,
        Step.PROBLEM: life_exit.finds_problem,
        Step.STRATEGY: life_exit.acts_on_problem,
        Step.SELLER_REPLY: life_seller.replies,
        Step.BUYER_FIRST_WORDS: life_buyer.first_words,
        Step.BUYER_ASKS: life_buyer.asks,
        Step.BUYER_SECOND_THOUGHT: life_buyer.second_thought,
        Step.BUYER_LOSES_PATIENCE: life_buyer.loses_patience,
        Step.BUYER_ANSWERS: life_reaction.buyer_answers,
        Step.BUYER_CANCELS: life_buyer.cancels,
        Step.INNOCENT_CONTACT: life_asides.innocent_contact,
    }
)


def live(rng: Random, shop: Shop, order: ShopOrder, buyer: BuyerTraits, clock: LocalClock) -> History | None:
    """Let one order's story unfold."""
    life = Life(rng, shop, order, buyer, clock)
    life_parcel.plan_parcel(life)
    life_buyer.plan_buyer(life)
    ends_s = order.placed_s + _LONGEST_DAYS * DAY_S
    while not life.over:
        upcoming = life.next_step()
        if upcoming is None or upcoming[0] > ends_s:
            return None
        life.now_s = max(life.now_s, upcoming[0])
        _DOES[upcoming[1]](life)
    if life.cancelled_s is None:
        return None
    life_asides.asides(life)
    return History(
        order=order,
        cancelled_s=life.cancelled_s,
        reason=life_buyer.clicked(life),
        turns=tuple(life.turns),
        parcel=tuple(life.parcel),
        calls=tuple(life.calls),
        cause=life.hidden_cause(),
    )
