"""What happens to the parcel: packing, pickup, the courier, and the deadline with its extensions.

Takes: a `Life` and a step that has come up. Gives: entries of the fulfilment record and further steps.
Does not: let anybody talk, except a seller who explains an extension.
"""

from cases.case import FulfillmentKind
from marketplace.acts import Act
from marketplace.history import Problem, Strategy
from marketplace.life_state import Life, Step
from marketplace.rhythm import DAY_S, HOUR_S


def plan_parcel(life: Life) -> None:
    """Put the shop's own process for the order on the agenda."""
    order, rng = life.order, life.rng
    life.now_s = order.placed_s
    life.deadline_s = order.promised_s
    life.now_s += rng.uniform(2.0, 240.0)
    life.note(FulfillmentKind.DEADLINE_SET, new_deadline_s=order.promised_s)
    if order.ready_s is not None:
        life.plan(Step.PACK, order.ready_s)
    if order.problem_s is not None:
        life.plan(Step.PROBLEM, order.problem_s)
    life.plan(Step.DEADLINE_NEAR, order.promised_s - rng.uniform(0.2, 4.0) * HOUR_S)
    life.plan(Step.DEADLINE, order.promised_s)


def pack(life: Life) -> None:
    """The parcel is ready; not every shop scans it."""
    if life.deciding and life.chance(0.5):
        return
    life.packed_s = life.now_s
    if life.seller.scans_packing:
        life.note(FulfillmentKind.PACKED)
    if life.order.handover_s is not None:
        life.plan(Step.HAND_OVER, life.order.handover_s)


def hand_over(life: Life) -> None:
    """The courier takes it."""
    life.handed_over_s = life.now_s
    life.note(FulfillmentKind.HANDED_OVER)
    slow = life.chance(0.2)
    transit_hours = life.rng.lognormvariate(4.6 if slow else 3.4, 0.5)
    if life.chance(0.8):
        life.plan(Step.COURIER_SCAN, life.hours(life.rng.uniform(2.0, 30.0)))
    if slow:
        if life.chance(0.6):
            life.plan(Step.BUYER_ASKS, life.hours(life.rng.uniform(40.0, 80.0)))
        if life.chance(0.35):
            life.plan(Step.BUYER_LOSES_PATIENCE, life.hours(transit_hours * life.rng.uniform(0.6, 1.1)))
    life.plan(Step.DELIVERED, life.hours(transit_hours))


def courier_scan(life: Life) -> None:
    """A scan at a hub."""
    life.note(FulfillmentKind.IN_TRANSIT if life.chance(0.8) else FulfillmentKind.UPDATE)


def deadline_near(life: Life) -> None:
    """Before a deadline the seller may move it, with or without an explanation in the chat."""
    seller = life.seller
    if life.packed_s is not None or life.handed_over_s is not None or life.deciding:
        return
    staller = life.strategy is Strategy.STALL
    slipping = life.order.problem in {Problem.NONE, Problem.OUT_OF_STOCK}
    if not staller and not (slipping and life.chance(0.55 * seller.extends_deadlines)):
        return
    if life.extensions >= 4:
        return
    life.extensions += 1
    life.deadline_s += life.rng.choice((1.0, 1.0, 2.0, 2.0, 3.0, 4.0)) * DAY_S
    life.named_s = life.deadline_s
    life.note(FulfillmentKind.DEADLINE_EXTENDED, new_deadline_s=life.deadline_s, excuse=life.chance(0.2))
    life.plan(Step.DEADLINE_NEAR, life.deadline_s - life.rng.uniform(0.2, 5.0) * HOUR_S)
    life.plan(Step.DEADLINE, life.deadline_s)
    if life.chance(0.75 if staller else 0.35 + 0.3 * seller.diligence):
        acts = (Act.S_EXCUSE_DELAY, Act.S_PROMISE_DATE) if life.chance(0.6) else (Act.S_EXCUSE_DELAY,)
        life.seller_says(*acts, until_s=life.deadline_s)
        if life.chance(0.5):
            life.exit_turn = ()
            life.plan_in(Step.BUYER_ANSWERS, 25.0)


def deadline(life: Life) -> None:
    """A deadline that passes unmet is usually recorded."""
    if life.now_s + 60.0 < life.deadline_s or life.handed_over_s is not None:
        return
    if life.chance(0.8):
        life.note(FulfillmentKind.DEADLINE_MISSED)
    if life.chance(0.35 if life.extensions else 0.4):
        life.plan_in(Step.BUYER_LOSES_PATIENCE, 60.0 * life.buyer.patience_hours, 0.4)
    if life.chance(0.8 * life.buyer.asks + 0.1):
        life.plan_in(Step.BUYER_ASKS, 150.0, 1.1)
