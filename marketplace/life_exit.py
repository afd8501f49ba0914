"""What a seller does about an order that it cannot or will not fulfil: the choice, and the words for it.

Takes: a `Life` and a step that has come up. Gives: the strategy and the seller's turns; the buyer's answer is planned.
Does not: put anything of the hidden truth into words; `life_reaction` lets the phone ring and the buyer answer.
"""

from cases.case import FulfillmentKind
from marketplace.acts import Act
from marketplace.history import CauseKind, Problem, Strategy
from marketplace.life_reaction import phones
from marketplace.life_state import Life, Step
from marketplace.rhythm import HOUR_S

CLAIMS = {
    Problem.OUT_OF_STOCK: (
        Act.S_CLAIM_OOS,
        Act.S_CLAIM_OOS,
        Act.S_CLAIM_OOS,
        Act.S_CLAIM_OOS,
        Act.S_CANNOT_FULFIL,
    ),
    Problem.PRICE_ERROR: (Act.S_PRICE_ERROR, Act.S_PRICE_ERROR, Act.S_PRICE_ERROR, Act.S_CLAIM_OOS),
    Problem.CANNOT_SHIP: (Act.S_REFUSE_SHIP, Act.S_REFUSE_SHIP, Act.S_CANNOT_FULFIL),
    Problem.WANTS_NO_FEE: (Act.S_CANNOT_FULFIL,),
    Problem.NEGLECT: (Act.S_CANNOT_FULFIL,),
    Problem.NONE: (Act.S_CANNOT_FULFIL,),
}
"""What a seller with this problem says; a wrong price is sometimes passed off as an empty shelf."""


def finds_problem(life: Life) -> None:
    """The shop finds out and chooses what to do."""
    if life.deciding or life.over:
        return
    life.problem_known = True
    if life.order.problem is Problem.OUT_OF_STOCK and life.chance(0.3):
        life.note(FulfillmentKind.STOCK_OUT)
    life.strategy = _choose(life)
    if life.strategy is Strategy.HONEST:
        life.over = True  # the shop cancels itself: not a case
    elif life.strategy is Strategy.NO_WORD:
        # The stock-out stands in the record and nobody says a word; some buyers see it there.
        if any(event.event is FulfillmentKind.STOCK_OUT for event in life.parcel) and life.chance(0.8):
            life.decide(CauseKind.SELLER_REFUSED, 300.0, 1.0)
    elif life.strategy not in {Strategy.IGNORE, Strategy.STALL}:
        life.plan_at_work(Step.STRATEGY, 25.0, 1.0)


def _choose(life: Life) -> Strategy:
    seller, problem = life.seller, life.order.problem
    if problem is Problem.NEGLECT:
        return Strategy.IGNORE if life.chance(0.55) else Strategy.STALL
    if problem is Problem.WANTS_NO_FEE:
        return Strategy.OFF_PLATFORM
    if life.chance(0.55 * (1.0 - seller.rating_fear) + 0.05):
        return Strategy.HONEST
    bold = seller.manipulativeness
    short = problem is Problem.OUT_OF_STOCK
    weights = {
        Strategy.ASK_IN_CHAT: 40.0,
        Strategy.SAY_AND_LEAVE: 19.0,
        Strategy.ASK_BY_PHONE: 17.0 + 80.0 * seller.phone_habit,
        Strategy.REORDER: 7.0,
        Strategy.OTHER_VARIANT: 8.0 if short else 0.0,
        Strategy.VARIANT_SAME_ORDER: 7.0 if short else 0.0,
        Strategy.STALL: 6.0 + 6.0 * bold,
        Strategy.THREATEN: 2.0 + 10.0 * bold,
        Strategy.IGNORE: 5.0 * (1.2 - seller.diligence),
        Strategy.MOVE_TO_APP: 8.0 + 70.0 * seller.app_habit,
        Strategy.CANT_WAIT: 9.0 if short else 2.0,
        Strategy.OFF_PLATFORM: 4.0 * bold,
        Strategy.NO_WORD: 7.0 if short else 0.0,
    }
    return life.rng.choices(tuple(weights), weights=tuple(weights.values()))[0]


def acts_on_problem(life: Life) -> None:
    """Carries the strategy out; a buyer who is already deciding is left alone."""
    if life.deciding or life.over:
        return
    if life.strategy is Strategy.ASK_BY_PHONE:
        if not phones(life):
            life.strategy = Strategy.ASK_IN_CHAT
            life.plan_in(Step.STRATEGY, 10.0)
        return
    greeting = _greets(life)
    acts = _words(life)
    until_s = None
    if Act.S_PROMISE_DATE in acts:
        until_s = max(life.order.promised_s, life.now_s) + life.rng.uniform(2.0, 10.0) * 24.0 * HOUR_S
    life.exit_turn = acts
    life.seller_says(*greeting, *acts, until_s=until_s)
    life.plan_in(Step.BUYER_ANSWERS, 12.0, 1.1)


def _greets(life: Life) -> tuple[Act, ...]:
    """A greeting before the bad news; some sellers wait for the buyer to greet back."""
    if life.chance(0.25):
        life.seller_says(Act.S_GREETING)
        life.now_s += life.rng.uniform(60.0, 3600.0)
        life.buyer_says(Act.B_GREETING if life.chance(0.7) else Act.B_ASK_WHEN_SHIP)
        life.now_s += life.rng.uniform(30.0, 1200.0)
        return ()
    return (Act.S_GREETING,) if life.chance(0.35) else ()


def _words(life: Life) -> tuple[Act, ...]:
    """The acts of a strategy that works by words."""
    claim = life.rng.choice(CLAIMS[life.order.problem])
    ask = Act.S_ASK_CANCEL if life.chance(0.62) else Act.S_ASK_CANCEL_INDIRECT
    coached = (Act.S_COACH_REASON,) if life.chance(0.15 + 0.4 * life.seller.manipulativeness) else ()
    claimed, dated, asked = life.chance(0.6), life.chance(0.4), life.chance(0.5)
    before = (claim,) if claimed else ()
    words: dict[Strategy, tuple[Act, ...]] = {
        Strategy.ASK_IN_CHAT: (*((claim,) if claimed or asked else ()), ask, *coached),
        Strategy.REORDER: (*before, Act.S_OFFER_REORDER),
        Strategy.OTHER_VARIANT: (*before, Act.S_OFFER_VARIANT_NEW_ORDER),
        Strategy.VARIANT_SAME_ORDER: (Act.S_CLAIM_OOS, Act.S_OFFER_VARIANT_SAME_ORDER),
        Strategy.OFF_PLATFORM: (Act.S_OFFPLATFORM_OFFER, *coached),
        Strategy.MOVE_TO_APP: (*((claim,) if claimed and dated else ()), Act.S_MOVE_TO_APP),
        Strategy.THREATEN: (*((ask,) if asked else ()), Act.S_PRESSURE_THREAT),
        Strategy.CANT_WAIT: (*((Act.S_PROMISE_DATE,) if dated else ()), Act.S_CANCEL_IF_CANT_WAIT),
    }
    return words.get(life.strategy, (claim,))
