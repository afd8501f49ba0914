"""A shop over some days: its items and stock, the orders that come in, and what its queue does to each.

Takes: a seller's traits, the market's clock and facts, a first day. Gives: a `Shop` with its `ShopOrder`s, whose
delays and stock-outs have shared causes. Does not: let people talk or cancel; `marketplace.life` does, order by order.
"""

from dataclasses import dataclass
from random import Random

from marketplace.history import Problem, ShopOrder
from marketplace.market_facts import CATEGORIES, MarketFacts
from marketplace.rhythm import DAY_S, HOUR_S, MINUTE_S, LocalClock, day_weight, moment_of_day, next_open
from marketplace.traits import SellerTraits

WINDOW_DAYS = 9
_DESK_ORDERS_A_DAY = 4.5
"""The record lists one clerk's orders, so a large shop shows about as many neighbours as a middling one."""


@dataclass(frozen=True, slots=True)
class Item:
    """One listing. `shortage_s` is when the shop will find that it has none left (None: never)."""

    category: str
    price: float
    popularity: float
    shortage_s: float | None
    price_error_s: float | None


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop's window of time: the orders that one clerk sees."""

    seller: SellerTraits
    items: tuple[Item, ...]
    orders: tuple[ShopOrder, ...]
    load: float
    """Orders against capacity: above 1 the queue grows."""


def run_shop(
    rng: Random, seller: SellerTraits, clock: LocalClock, facts: MarketFacts, first_day_s: float
) -> Shop:
    """Let a shop work for `WINDOW_DAYS` days from local midnight `first_day_s`."""
    items = _items(rng, seller, facts, first_day_s)
    placed = _arrivals(rng, seller, clock, first_day_s)
    busiest = max(day_weight(clock, first_day_s + day * DAY_S) for day in range(WINDOW_DAYS))
    load = busiest / (seller.capacity * 1.6)
    queue = _Queue(rng, seller, clock, load)
    orders = tuple(queue.take(items, at_s, facts) for at_s in placed)
    return Shop(seller, items, orders, load)


def _items(rng: Random, seller: SellerTraits, facts: MarketFacts, first_day_s: float) -> tuple[Item, ...]:
    category = rng.choice(CATEGORIES)
    items = []
    for rank in range(rng.randint(3, 8)):
        runs_out = rng.random() > seller.stock_reliability
        misprices = rng.random() < 0.09
        at_s = first_day_s + rng.uniform(0.3, WINDOW_DAYS) * DAY_S
        step = facts.price_step
        price = max(step, round(facts.price_scale * rng.lognormvariate(0.0, 0.9) / step) * step)
        kind = category if rng.random() < 0.85 else rng.choice(CATEGORIES)
        items.append(
            Item(kind, price, 1.0 / (rank + 1), at_s if runs_out else None, at_s if misprices else None)
        )
    return tuple(items)


def _arrivals(rng: Random, seller: SellerTraits, clock: LocalClock, first_day_s: float) -> list[float]:
    rate = min(seller.daily_orders, _DESK_ORDERS_A_DAY)
    placed: list[float] = []
    for day in range(WINDOW_DAYS):
        midnight = first_day_s + day * DAY_S
        expected = rate * min(day_weight(clock, midnight), 2.2)
        count = int(expected) + (rng.random() < expected % 1.0)
        placed.extend(midnight + moment_of_day(rng) for _ in range(count))
    return sorted(placed)


@dataclass(slots=True)
class _Queue:
    """The shop's packing table, first come first served; its backlog carries over from order to order."""

    rng: Random
    seller: SellerTraits
    clock: LocalClock
    load: float
    backlog_hours: float = 0.0

    def take(self, items: tuple[Item, ...], placed_s: float, facts: MarketFacts) -> ShopOrder:
        rng = self.rng
        index = rng.choices(range(len(items)), weights=[item.popularity for item in items])[0]
        item = items[index]
        ready_s = self._ready(placed_s)
        problem, problem_s = self._problem(item, placed_s, ready_s)
        handover_s = None if problem is not Problem.NONE else self._pickup(ready_s)
        count = rng.choices((1, 2, 3, 4, 6, 10), weights=(74, 14, 5, 3, 2, 2))[0]
        value = round(item.price * count * rng.uniform(0.9, 1.0) / facts.price_step) * facts.price_step
        cancelled_s = None
        if problem_s is not None:
            cancelled_s = problem_s + rng.lognormvariate(1.2, 1.3) * HOUR_S
        elif rng.random() < 0.06:
            cancelled_s = placed_s + rng.lognormvariate(1.8, 1.3) * HOUR_S
        return ShopOrder(
            order_id=_order_number(rng),
            item=index,
            placed_s=placed_s,
            promised_s=self._promise(placed_s),
            ready_s=ready_s if problem is Problem.NONE else None,
            handover_s=handover_s,
            problem=problem,
            problem_s=problem_s,
            background_cancelled_s=cancelled_s,
            value=round(value, 2),
            item_count=count,
        )

    def _ready(self, placed_s: float) -> float:
        """When the parcel would be packed: queue, diligence, and now and then an order that slips."""
        rng, seller = self.rng, self.seller
        self.backlog_hours = max(0.0, self.backlog_hours + rng.gauss(9.0 * (self.load - 0.75), 5.0))
        own = rng.lognormvariate(1.9 - 0.9 * seller.diligence, 0.8) * seller.handling_days**0.6
        if rng.random() < 0.06 * (1.15 - seller.diligence):
            own += rng.lognormvariate(4.2, 0.7)
        return next_open(
            self.clock, placed_s + (own + self.backlog_hours) * HOUR_S, seller.opens_hour, seller.closes_hour
        )

    def _promise(self, placed_s: float) -> float:
        """Some platforms promise to the hour, some to the end of the day."""
        due_s = placed_s + self.seller.handling_days * DAY_S
        if self.seller.promises_by_the_day:
            return self.clock.midnight(due_s) + DAY_S - 1.0
        return due_s + self.rng.uniform(-40.0, 40.0) * MINUTE_S

    def _problem(self, item: Item, placed_s: float, ready_s: float) -> tuple[Problem, float | None]:
        rng, seller = self.rng, self.seller
        if item.shortage_s is not None and ready_s >= item.shortage_s:
            found_s = max(item.shortage_s, placed_s + 20.0 * MINUTE_S)
            found_s = found_s if rng.random() < 0.5 else max(found_s, ready_s)
            return Problem.OUT_OF_STOCK, self._at_work(found_s + rng.uniform(0.1, 4.0) * HOUR_S)
        if item.price_error_s is not None and placed_s >= item.price_error_s - DAY_S:
            return Problem.PRICE_ERROR, self._at_work(placed_s + rng.lognormvariate(1.0, 1.0) * HOUR_S)
        if rng.random() < 0.03:
            return Problem.CANNOT_SHIP, self._at_work(placed_s + rng.lognormvariate(1.5, 0.9) * HOUR_S)
        if rng.random() < 0.045 * seller.manipulativeness:
            return Problem.WANTS_NO_FEE, self._at_work(placed_s + rng.lognormvariate(0.5, 1.0) * HOUR_S)
        if rng.random() < 0.03 * (1.1 - seller.diligence):
            return Problem.NEGLECT, placed_s + HOUR_S
        return Problem.NONE, None

    def _at_work(self, at_s: float) -> float:
        at_s = next_open(self.clock, at_s, self.seller.opens_hour, self.seller.closes_hour)
        return at_s + self.rng.uniform(0.0, 40.0) * MINUTE_S

    def _pickup(self, ready_s: float) -> float:
        """The courier comes once a day in the afternoon; now and then it does not come."""
        rng = self.rng
        pickup_s = self.clock.midnight(ready_s) + rng.uniform(14.0, 19.0) * HOUR_S
        while pickup_s < ready_s:
            pickup_s += DAY_S
        while rng.random() < 0.08:
            pickup_s += DAY_S
        return pickup_s


def _order_number(rng: Random) -> str:
    return "".join(rng.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=14))
