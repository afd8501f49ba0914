"""What the buyer does: asks, chases, thinks again, gives up, reacts to the seller, presses the button.

Takes: a `Life` and a step that has come up. Gives: buyer's turns, decisions and the clicked reason.
Does not: see what the seller knows; the buyer reacts to what was said and to the calendar.
"""

from cases.case import BuyerReason
from marketplace.acts import Act
from marketplace.history import CauseKind
from marketplace.life_reaction import reports_call
from marketplace.life_state import Life, Step
from marketplace.rhythm import HOUR_S

_OWN_CAUSES = {
    CauseKind.BUYER_CHANGED_MIND: (Act.B_CHANGE_MIND, BuyerReason.CHANGE_OF_MIND, 30),
    CauseKind.BUYER_FOUND_CHEAPER: (Act.B_FOUND_CHEAPER, BuyerReason.FOUND_CHEAPER, 17),
    CauseKind.BUYER_WRONG_ITEM: (Act.B_WRONG_ITEM, BuyerReason.WRONG_ITEM_OR_ADDRESS, 11),
    CauseKind.BUYER_WRONG_ADDRESS: (Act.B_WRONG_ADDRESS, BuyerReason.WRONG_ITEM_OR_ADDRESS, 10),
    CauseKind.BUYER_DUPLICATE: (Act.B_DUPLICATE, BuyerReason.OTHER, 11),
    CauseKind.BUYER_PAYMENT: (Act.B_PAYMENT_PROBLEM, BuyerReason.PAYMENT_PROBLEM, 9),
    CauseKind.BUYER_WANTS_CHANGE: (Act.B_ASK_CHANGE, BuyerReason.WRONG_ITEM_OR_ADDRESS, 12),
}
_OWN_CLICKS = (
    BuyerReason.CHANGE_OF_MIND,
    BuyerReason.FOUND_CHEAPER,
    BuyerReason.WRONG_ITEM_OR_ADDRESS,
    BuyerReason.PAYMENT_PROBLEM,
    BuyerReason.OTHER,
    BuyerReason.TOO_SLOW,
)


def plan_buyer(life: Life) -> None:
    """Put the buyer's own doings on the agenda."""
    rng, buyer = life.rng, life.buyer
    if life.chance(0.6 * buyer.asks + 0.25):
        life.plan(Step.BUYER_FIRST_WORDS, life.hours(rng.expovariate(1.0 / 2.0)))
    if life.chance(0.75 * buyer.asks):
        waits = min(buyer.patience_hours, 60.0) * rng.uniform(0.5, 1.8)
        life.plan(Step.BUYER_ASKS, life.hours(waits))
    if life.chance(0.32):
        life.plan(Step.BUYER_SECOND_THOUGHT, life.hours(rng.lognormvariate(1.7, 1.5)))
    if life.chance(0.025 * (1.4 - min(buyer.patience_hours, 40.0) / 40.0)):
        life.plan(Step.BUYER_LOSES_PATIENCE, life.hours(rng.uniform(6.0, 60.0)))
    if life.chance(0.05 + 0.25 * life.seller.phone_habit):
        life.plan(Step.INNOCENT_CONTACT, life.hours(rng.lognormvariate(2.3, 1.0)))


def first_words(life: Life) -> None:
    """A greeting, a question about the goods, small talk: most chats begin before there is any trouble."""
    if life.deciding:
        return
    topic = life.rng.choices(
        (Act.B_PRODUCT_QUESTION, Act.B_SMALL_TALK, Act.B_ASK_STOCK, Act.B_DECOY, Act.B_ASK_WHEN_SHIP),
        weights=(40, 14, 18, 8, 20),
    )[0]
    greeting = (Act.B_GREETING,) if life.chance(0.45) else ()
    life.buyer_says(*greeting, topic)
    if topic in {Act.B_ASK_STOCK, Act.B_ASK_WHEN_SHIP}:
        life.question_s = life.now_s
    life.exit_turn = (topic,)
    _await_reply(life)


def asks(life: Life) -> None:
    """Asks when it ships, or, not having been answered, asks again and less kindly."""
    if life.deciding or life.over:
        return
    if life.question_s is None:
        greeting = (Act.B_GREETING,) if life.chance(0.3) else ()
        life.buyer_says(*greeting, Act.B_ASK_WHEN_SHIP if life.chance(0.8) else Act.B_ASK_STOCK)
        life.question_s = life.now_s
    else:
        life.chases += 1
        angry = life.chance(0.25 + 0.5 * life.buyer.temper) and life.chases > 1
        life.buyer_says(Act.B_ANGRY if angry else Act.B_CHASE)
    _await_reply(life)
    if life.chases < 3 and life.chance(0.75):
        life.plan_in(Step.BUYER_ASKS, 60.0 * 14.0 * (0.6 + min(life.buyer.patience_hours, 50.0) / 50.0), 0.7)
    if life.chases and life.chance(0.14):
        life.plan_in(Step.BUYER_LOSES_PATIENCE, 60.0 * 9.0, 0.9)


def _await_reply(life: Life) -> None:
    if life.seller.auto_reply and life.chance(0.9):
        now_s = life.now_s
        life.now_s += life.rng.uniform(1.0, 5.0)
        life.seller_says(Act.S_AUTO_REPLY)
        life.now_s = now_s
    life.plan_at_work(Step.SELLER_REPLY, life.seller.reply_median_minutes)


def second_thought(life: Life) -> None:
    """The buyer's own cause: told in the chat by most who are talkative, clicked with more or less care."""
    if life.deciding or life.over or (life.handed_over_s is not None and life.chance(0.7)):
        return
    kinds = tuple(_OWN_CAUSES)
    kind = life.rng.choices(kinds, weights=[_OWN_CAUSES[k][2] for k in kinds])[0]
    act = _OWN_CAUSES[kind][0]
    greeting = (Act.B_GREETING,) if life.chance(0.4) else ()
    if kind is CauseKind.BUYER_WANTS_CHANGE:
        life.buyer_says(*greeting, act)
        life.question_s = life.now_s
        life.exit_turn = (act,)
        _await_reply(life)
        return
    if not life.chance(0.36 + 0.58 * life.buyer.tells_cause):
        if life.chance(0.18):
            life.buyer_says(*greeting, Act.B_ANNOUNCE_CANCEL)
        life.decide(kind, 18.0, 1.2)
        return
    if life.chance(0.03):  # blames a phone call that never was
        reports_call(life, Act.B_REPORT_PHONE_REQUEST)
        life.decide(kind, 40.0)
        return
    announce = (Act.B_ANNOUNCE_CANCEL,) if life.chance(0.25) else ()
    life.buyer_says(*greeting, act, *announce)
    life.exit_turn = (act,)
    life.decide(kind, 55.0, 1.2)
    _await_reply(life)


def loses_patience(life: Life) -> None:
    """Gives up waiting, with or without a word."""
    if life.deciding or life.over:
        return
    late_hours = life.late_s / HOUR_S
    if life.extensions and late_hours > 0 and life.now_s < life.deadline_s and life.chance(0.4):
        return
    if life.chance(0.45 + 0.3 * life.buyer.temper):
        before = (Act.B_ANGRY,) if life.chance(0.3 * life.buyer.temper) else ()
        word = Act.B_TOO_SLOW_CANCEL if life.chance(0.75) else Act.B_ANNOUNCE_CANCEL
        life.buyer_says(*before, word)
        if life.chance(0.5):
            life.exit_turn = (word,)
            life.plan_at_work(Step.SELLER_REPLY, life.seller.reply_median_minutes * 0.6)
    life.decide(_waiting_cause(life, late_hours), 22.0, 1.1)


def _waiting_cause(life: Life, late_hours: float) -> CauseKind:
    silent = life.question_s is not None and life.now_s - life.question_s >= 24.0 * HOUR_S
    if life.handed_over_s is not None:
        return (
            CauseKind.SELLER_LAPSE
            if life.handed_over_s - life.order.promised_s >= 24.0 * HOUR_S
            else CauseKind.COURIER_DELAY
        )
    if life.packed_s is not None and life.packed_s <= life.order.promised_s:
        return CauseKind.COURIER_DELAY
    if life.extensions >= 2:
        return CauseKind.SELLER_STALLING
    return CauseKind.SELLER_LAPSE if late_hours >= 24.0 or silent else CauseKind.BUYER_IMPATIENT


def cancels(life: Life) -> None:
    """The button is pressed; the story ends here."""
    life.cancelled_s = life.now_s
    life.over = True


def clicked(life: Life) -> BuyerReason | None:
    """What is clicked: the coached reason, the true one, or whatever was on top of the list."""
    rng = life.rng
    if life.chance(0.12):
        return None
    if life.coached is not None and life.chance(0.72):
        return life.coached
    cause = life.cause
    if cause in _OWN_CAUSES:
        if life.chance(0.6 + 0.36 * life.buyer.click_care):
            return _OWN_CAUSES[cause][1]
        return rng.choice(_OWN_CLICKS)
    if cause in {
        CauseKind.SELLER_LAPSE,
        CauseKind.SELLER_STALLING,
        CauseKind.BUYER_IMPATIENT,
        CauseKind.COURIER_DELAY,
    }:
        slow = (
            BuyerReason.TOO_SLOW,
            BuyerReason.CHANGE_OF_MIND,
            BuyerReason.OTHER,
            BuyerReason.FOUND_CHEAPER,
        )
        return rng.choices(slow, weights=(62, 14, 16, 8))[0]
    short = Act.S_CLAIM_OOS in life.exit_turn
    choices = (
        BuyerReason.SELLER_ASKED, BuyerReason.OUT_OF_STOCK, BuyerReason.CHANGE_OF_MIND, BuyerReason.OTHER,
        BuyerReason.TOO_SLOW, BuyerReason.FOUND_CHEAPER, BuyerReason.WRONG_ITEM_OR_ADDRESS,
    )  # fmt: skip
    return rng.choices(choices, weights=(28, 30 if short else 5, 20, 22, 7, 4, 3))[0]
