"""What the seller does when nothing is wrong with the stock: answers, promises, excuses.

Takes: a `Life` and a step that has come up. Gives: seller's turns and the buyer's next move.
Does not: handle an order that cannot be fulfilled; `life_exit` does.
"""

from cases.case import ChatKind, Sender
from marketplace.acts import DECISIONS, NAMES_A_DATE, OWN_REASONS, Act
from marketplace.history import CauseKind, Strategy
from marketplace.life_reaction import agrees
from marketplace.life_state import Life, Step
from marketplace.rhythm import DAY_S, HOUR_S

_SILENT = {Strategy.IGNORE}


def replies(life: Life) -> None:
    """Answers what the buyer wrote, if it answers at all."""
    if life.over:
        return
    if life.strategy in _SILENT or not life.chance(life.seller.reply_share):
        return
    asked = life.exit_turn
    life.exit_turn = ()
    if any(act in OWN_REASONS | DECISIONS for act in asked):
        _to_a_decision(life, asked)
    elif asked and asked[0] in {Act.B_PRODUCT_QUESTION, Act.B_SMALL_TALK, Act.B_DECOY}:
        _to_small_talk(life, asked[0])
    elif life.handed_over_s is not None:
        _about_the_courier(life)
    elif life.packed_s is not None:
        _about_the_pickup(life)
    elif life.problem_known and life.strategy is not Strategy.STALL:
        return  # the strategy speaks for itself, in its own time
    else:
        _about_the_delay(life, asked)
    life.answers += 1
    if life.chance(0.04):
        life.show(Sender.SELLER, life.rng.choice((ChatKind.IMAGE, ChatKind.STICKER, ChatKind.VOUCHER)))


def _opening(life: Life) -> tuple[Act, ...]:
    return (Act.S_GREETING,) if life.chance(0.25 + 0.2 * life.seller.formality) else ()


def _to_small_talk(life: Life, asked: Act) -> None:
    if asked is Act.B_PRODUCT_QUESTION:
        extra = (Act.S_DECOY,) if life.chance(0.12) else (Act.S_SMALL_TALK,) if life.chance(0.12) else ()
        life.seller_says(*_opening(life), Act.S_ANSWER_QUESTION, *extra)
    else:
        life.seller_says(*_opening(life), Act.S_DECOY if life.chance(0.2) else Act.S_SMALL_TALK)
    if life.chance(0.5):
        life.now_s += life.rng.uniform(20.0, 400.0)
        life.buyer_says(Act.B_THANKS if life.chance(0.65) else Act.B_SMALL_TALK)
    if life.chance(0.12 + 0.3 * life.buyer.verbosity * life.seller.chattiness):
        life.plan_in(Step.BUYER_FIRST_WORDS, 20.0, 1.2)


def _to_a_decision(life: Life, asked: tuple[Act, ...]) -> None:
    """The buyer has said that it cancels, or wishes a change."""
    if Act.B_ASK_CHANGE in asked:
        _to_a_change(life)
        return
    if life.strategy is not Strategy.NO_WORD:
        return
    answer = life.rng.choices(
        (
            Act.S_ACK,
            Act.S_EXPLAIN_HOW_TO_CANCEL,
            Act.S_TRIED_KEEP,
            Act.S_ASK_STILL_WANT,
            Act.S_ALREADY_PACKED,
        ),
        weights=(38, 24, 20, 8, 10 if life.packed_s is not None else 0),
    )[0]
    life.seller_says(*_opening(life), answer)
    if answer is Act.S_TRIED_KEEP and life.chance(0.5):
        life.now_s += life.rng.uniform(60.0, 900.0)
        life.buyer_says(Act.B_ANNOUNCE_CANCEL if life.chance(0.7) else Act.B_THANKS)
    elif life.chance(0.2):
        life.now_s += life.rng.uniform(30.0, 600.0)
        life.buyer_says(Act.B_THANKS)


def _to_a_change(life: Life) -> None:
    if life.chance(0.22):
        life.seller_says(*_opening(life), Act.S_ACK)  # changes it; nothing to cancel for
        return
    life.seller_says(*_opening(life), Act.S_CHANGE_NEEDS_NEW_ORDER)
    announced = life.chance(0.3)
    if announced:
        life.now_s += life.rng.uniform(30.0, 900.0)
        life.buyer_says(Act.B_ANNOUNCE_CANCEL)
        if life.chance(0.4):
            life.now_s += life.rng.uniform(30.0, 900.0)
            life.seller_says(Act.S_EXPLAIN_HOW_TO_CANCEL)
    if announced or life.chance(0.75):
        life.decide(CauseKind.BUYER_WANTS_CHANGE, 40.0)


def _about_the_courier(life: Life) -> None:
    scanned = life.parcel and life.parcel[-1].at_s > (life.handed_over_s or 0.0)
    if life.chance(0.45):
        life.seller_says(*_opening(life), Act.S_ALREADY_SHIPPED, Act.S_COURIER_DELAY)
    else:
        life.seller_says(*_opening(life), Act.S_TRACKING_UPDATE if scanned else Act.S_ALREADY_SHIPPED)


def _about_the_pickup(life: Life) -> None:
    waiting = life.now_s - (life.packed_s or life.now_s) > 20.0 * HOUR_S
    life.seller_says(*_opening(life), Act.S_ALREADY_PACKED, *((Act.S_COURIER_DELAY,) if waiting else ()))


def _about_the_delay(life: Life, asked: tuple[Act, ...]) -> None:
    """Nothing is packed yet: a date, a short wait, an excuse, or an invitation to cancel."""
    rng, late_hours = life.rng, life.late_s / HOUR_S
    ready_s = life.order.handover_s
    true_s = ready_s if ready_s is not None and ready_s > life.now_s else None
    within_s = max(life.now_s + 2.0 * HOUR_S, life.order.promised_s - rng.uniform(0.5, 9.0) * HOUR_S)
    target_s = within_s if late_hours < -2.0 else life.hours(rng.choice((5.0, 9.0, 24.0, 30.0, 48.0, 72.0)))
    if true_s is not None and life.chance(0.5):
        target_s = true_s
    acts: list[Act] = []
    if late_hours > 0 or life.strategy is Strategy.STALL:
        acts += [Act.S_EXCUSE_DELAY] if life.chance(0.65) else []
    if not asked and life.chance(
        0.03 + 0.05 * life.seller.manipulativeness + (0.05 if late_hours > 0 else 0.0)
    ):
        _you_may_cancel(life, acts, target_s)
        return
    if life.chance(0.24):
        acts.append(Act.S_ANSWER_STATUS)
    else:
        acts.append(_dated(life, target_s))
    heard = life.seller_says(*_opening(life), *acts, until_s=target_s)
    if life.chance(0.5):
        life.now_s += rng.uniform(30.0, 1500.0)
        agreeing = heard and bool(NAMES_A_DATE & set(acts)) and life.chance(0.65)
        life.buyer_says(Act.B_AGREE_WAIT if agreeing else Act.B_THANKS)
    elif life.chance(0.10 + 0.1 * life.buyer.temper):
        _unhappy_with_the_answer(life)


def _dated(life: Life, target_s: float) -> Act:
    ahead_s = target_s - life.now_s
    same_day = life.clock.midnight(target_s) == life.clock.midnight(life.now_s)
    if same_day and life.chance(0.6):
        return Act.S_PROMISE_TODAY
    return Act.S_ASK_SHORT_WAIT if ahead_s <= 1.4 * DAY_S else Act.S_PROMISE_DATE


def _you_may_cancel(life: Life, acts: list[Act], target_s: float) -> None:
    """'If you can't wait you may cancel', with a date or without one."""
    life.strategy = Strategy.CANT_WAIT
    if life.chance(0.6):
        acts.append(_dated(life, target_s))
    life.seller_says(*acts, Act.S_CANCEL_IF_CANT_WAIT, until_s=target_s)
    late = target_s > life.order.promised_s or life.late_s > 0
    life.exit_turn = (Act.S_CANCEL_IF_CANT_WAIT,)
    if life.chance(0.65):
        if life.chance(0.4):
            life.now_s += life.rng.uniform(60.0, 1500.0)
            if late:
                agrees(life)
            else:
                life.buyer_says(Act.B_ANNOUNCE_CANCEL)
        life.decide(CauseKind.SELLER_ASKED if late else CauseKind.BUYER_IMPATIENT, 60.0, 1.2)


def _unhappy_with_the_answer(life: Life) -> None:
    life.now_s += life.rng.uniform(60.0, 2400.0)
    if life.chance(0.5):
        life.buyer_says(Act.B_TOO_SLOW_CANCEL)
    elif life.chance(0.6):
        life.buyer_says(Act.B_ANGRY)
        life.question_s = life.now_s
        life.plan_at_work(Step.SELLER_REPLY, life.seller.reply_median_minutes)
    late_hours = life.late_s / HOUR_S
    kind = CauseKind.SELLER_STALLING if life.extensions >= 2 else CauseKind.BUYER_IMPATIENT
    life.decide(CauseKind.SELLER_LAPSE if late_hours >= 24.0 and life.extensions < 2 else kind, 90.0, 1.1)
