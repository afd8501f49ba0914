"""How the buyer takes a seller's way out, in the chat, on the phone and in other apps.

Takes: a `Life` and a step that has come up. Gives: the buyer's turns, coached reasons and the decision.
Does not: write down what was said on the phone or elsewhere: at most somebody alludes to it or reports it.
"""

from cases.case import BuyerReason
from marketplace.acts import CANCELLING_OFFERS, REFUSALS, REQUESTS, Act
from marketplace.history import CauseKind, Problem, Strategy
from marketplace.life_state import Life

_COACHED = (
    BuyerReason.CHANGE_OF_MIND,
    BuyerReason.CHANGE_OF_MIND,
    BuyerReason.CHANGE_OF_MIND,
    BuyerReason.FOUND_CHEAPER,
    BuyerReason.WRONG_ITEM_OR_ADDRESS,
    BuyerReason.OTHER,
)


def phones(life: Life) -> bool:
    """Asks on the phone: the record holds the call, never what was said. False: the buyer never answers."""
    for attempt in range(3):
        if life.chance(0.66):
            life.ring(answered=True, seconds=round(12.0 + life.rng.lognormvariate(3.9, 0.7)))
            _after_the_call(life)
            return True
        life.ring(answered=False, seconds=0.0)
        life.now_s += life.rng.uniform(2.0, 40.0) * 60.0 * (attempt + 1)
    return False


def _after_the_call(life: Life) -> None:
    life.exit_turn = ()
    life.now_s += life.calls[-1].seconds
    if life.chance(0.7):
        life.coached = life.rng.choice(_COACHED)
    if life.chance(0.24):
        life.now_s += life.rng.uniform(60.0, 1800.0)
        life.seller_says(Act.S_ALLUDE_CALL)
    if life.chance(0.42):
        life.now_s += life.rng.uniform(60.0, 5400.0)
        out = life.order.problem is Problem.OUT_OF_STOCK and life.chance(0.45)
        reports_call(life, Act.B_REPORT_PHONE_OOS if out else Act.B_REPORT_PHONE_REQUEST)
    elif life.chance(0.2):
        life.now_s += life.rng.uniform(60.0, 1800.0)
        life.buyer_says(Act.B_ANNOUNCE_CANCEL if life.chance(0.7) else Act.B_THANKS)
    life.decide(CauseKind.SELLER_ASKED_BY_PHONE, 70.0, 1.3)


def reports_call(life: Life, report: Act) -> None:
    """The buyer says in the chat what it was told on the phone; a bold seller denies it."""
    life.buyer_says(report)
    if life.chance(0.4 + 0.4 * life.seller.manipulativeness):
        life.now_s += life.rng.uniform(60.0, 1800.0)
        life.seller_says(Act.S_DENY_SAID)
        if life.chance(0.4):
            life.now_s += life.rng.uniform(60.0, 900.0)
            life.buyer_says(Act.B_REPORT_PHONE_REQUEST if life.chance(0.6) else Act.B_ANGRY)


def buyer_answers(life: Life) -> None:
    """The buyer's reaction to what the seller has just said."""
    if life.deciding or life.over:
        return
    said = life.exit_turn
    if not said:  # the seller has explained an extension
        life.buyer_says(Act.B_AGREE_WAIT if life.chance(0.7) else Act.B_ANGRY)
        return
    if life.strategy is Strategy.MOVE_TO_APP:
        _goes_to_app(life)
        return
    if Act.S_OFFER_VARIANT_SAME_ORDER in said and life.chance(0.5):
        life.buyer_says(Act.B_ACCEPT_VARIANT)
        if life.chance(0.6):
            life.over = True  # the other variant ships: not a case
        else:
            life.decide(CauseKind.SELLER_REFUSED, 600.0)
        return
    if Act.S_COACH_REASON in said:
        life.coached = life.rng.choice(_COACHED)
    _takes_it(life)
    life.decide(_exit_cause(said), 35.0, 1.4)


def _goes_to_app(life: Life) -> None:
    named = any(act in REFUSALS for act in life.exit_turn)
    if life.chance(0.7):
        life.buyer_says(Act.B_THANKS if life.chance(0.5) else Act.B_SMALL_TALK)
    if life.chance(0.3):
        life.now_s += life.rng.uniform(600.0, 7200.0)
        life.buyer_says(Act.B_ANNOUNCE_CANCEL)
    if life.chance(0.5):
        life.coached = life.rng.choice(_COACHED)
    life.decide(CauseKind.SELLER_REFUSED if named else CauseKind.SELLER_ASKED_IN_APP, 60.0, 1.2)


def agrees(life: Life) -> None:
    """Says that it will cancel: as asked, if that was asked in writing, else in words that name nobody."""
    asked = REQUESTS | REFUSALS | CANCELLING_OFFERS | {Act.S_CANCEL_IF_CANT_WAIT}
    life.buyer_says(Act.B_AGREE_CANCEL if life.written & asked else Act.B_ANNOUNCE_CANCEL)


def _takes_it(life: Life) -> None:
    """Agrees, protests, is angry, or says nothing; a seller that fears for its rating presses or coaches."""
    rng, seller = life.rng, life.seller
    if Act.S_CLAIM_OOS in life.written and life.chance(0.25):
        life.buyer_says(Act.B_ASK_STOCK)
        life.now_s += rng.uniform(60.0, 3600.0)
        life.seller_says(Act.S_CLAIM_OOS if life.chance(0.6) else Act.S_CANNOT_FULFIL)
        life.now_s += rng.uniform(60.0, 1800.0)
    mood = rng.random()
    if mood < 0.42:
        agrees(life)
        return
    if mood < 0.54:
        return
    life.buyer_says(Act.B_REFUSE_CANCEL if life.written and life.chance(0.5) else Act.B_ANGRY)
    life.now_s += rng.uniform(60.0, 3600.0)
    if life.chance(0.45):
        answer = rng.choices(
            (Act.S_COACH_REASON, Act.S_ASK_CANCEL, Act.S_PRESSURE_THREAT, Act.S_ACK),
            weights=(16, 26, 4 + 20 * seller.manipulativeness, 34),
        )[0]
        if answer is Act.S_COACH_REASON:
            life.coached = rng.choice(_COACHED)
        life.seller_says(answer)
        life.now_s += rng.uniform(60.0, 3600.0)
    if life.chance(0.5):
        in_writing = bool(life.written & (REQUESTS - {Act.S_COACH_REASON}))
        life.buyer_says(
            Act.B_MENTIONS_SELLER_ASKED if in_writing and life.chance(0.5) else Act.B_ANNOUNCE_CANCEL
        )


def _exit_cause(said: tuple[Act, ...]) -> CauseKind:
    if CANCELLING_OFFERS & set(said):
        return CauseKind.SELLER_OFFER
    if (REQUESTS | {Act.S_CANCEL_IF_CANT_WAIT}) & set(said):
        return CauseKind.SELLER_ASKED
    return CauseKind.SELLER_STALLING if Act.S_PRESSURE_THREAT in said else CauseKind.SELLER_REFUSED
