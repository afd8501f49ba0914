"""Who the people are: latent traits of sellers and buyers, drawn once and never written into a record.

Takes: a seeded generator. Gives: `SellerTraits`, `BuyerTraits`. Does not: act; `marketplace.life` does.
"""

from dataclasses import dataclass
from random import Random

_HEX = "0123456789abcdef"


def identifier(rng: Random, prefix: str, digits: int = 9) -> str:
    """An id of random hexadecimal digits: it carries nothing."""
    return prefix + "".join(rng.choices(_HEX, k=digits))


@dataclass(frozen=True, slots=True)
class SellerTraits:
    """A seller's latent character. Shares are in [0, 1]; hours are local."""

    seller_id: str
    diligence: float
    stock_reliability: float
    capacity: float  # orders it can pack, against its ordinary day
    rating_fear: float  # how much it fears a seller-side cancellation on its record
    manipulativeness: float
    daily_orders: float
    handling_days: int
    reply_median_minutes: float
    reply_share: float
    auto_reply: bool
    opens_hour: float
    closes_hour: float
    phone_habit: float
    app_habit: float
    voice_habit: float
    formality: float
    chattiness: float
    emoji: float
    typing_care: float
    extends_deadlines: float
    scans_packing: bool  # whether its packed parcels show in the record
    promises_by_the_day: bool  # the platform promises it to the end of a day, or to the hour


@dataclass(frozen=True, slots=True)
class BuyerTraits:
    """A buyer's latent character. Shares are in [0, 1]; hours are local, an hour past midnight is above 24."""

    buyer_id: str
    patience_hours: float  # of lateness it bears
    price_sensitivity: float
    temper: float
    verbosity: float
    asks: float
    tells_cause: float
    click_care: float
    voice_habit: float
    formality: float
    emoji: float
    typing_care: float
    wakes_hour: float
    sleeps_hour: float


def draw_seller(rng: Random) -> SellerTraits:
    """One seller; diligence ties replying, stock keeping and packing together, size is apart from it."""
    diligence = rng.betavariate(4.0, 1.8)
    size = rng.lognormvariate(2.0, 1.2)
    opens = rng.choice((7.0, 8.0, 8.5, 9.0, 9.0, 9.5, 10.0))
    return SellerTraits(
        seller_id=identifier(rng, "s"),
        diligence=diligence,
        stock_reliability=min(0.99, 0.50 + 0.36 * diligence + rng.gauss(0.0, 0.05)),
        capacity=rng.uniform(0.75, 1.9),
        rating_fear=rng.betavariate(2.6, 1.6),
        manipulativeness=rng.betavariate(1.4, 2.6),
        daily_orders=min(size, 260.0),
        handling_days=rng.choices((1, 2, 3, 4, 5, 7), weights=(12, 34, 30, 8, 8, 8))[0],
        reply_median_minutes=rng.lognormvariate(4.2 - 1.6 * diligence, 0.8),
        reply_share=min(0.995, 0.55 + 0.45 * diligence),
        auto_reply=rng.random() < 0.22,
        opens_hour=opens,
        closes_hour=rng.choice((17.0, 18.0, 20.0, 21.0, 22.0, 23.0)),
        phone_habit=rng.betavariate(0.9, 5.0),
        app_habit=rng.betavariate(0.8, 7.0),
        voice_habit=0.8 if rng.random() < 0.06 else 0.02,
        formality=rng.random(),
        chattiness=rng.random(),
        emoji=rng.betavariate(1.2, 2.0),
        typing_care=rng.random(),
        extends_deadlines=rng.betavariate(1.5, 2.0),
        scans_packing=rng.random() < 0.7,
        promises_by_the_day=rng.random() < 0.3,
    )


def draw_buyer(rng: Random) -> BuyerTraits:
    """One buyer."""
    return BuyerTraits(
        buyer_id=identifier(rng, "b"),
        patience_hours=rng.lognormvariate(2.9, 1.0),
        price_sensitivity=rng.betavariate(1.5, 2.5),
        temper=rng.betavariate(1.5, 2.5),
        verbosity=rng.random(),
        asks=rng.betavariate(2.0, 1.5),
        tells_cause=rng.betavariate(2.4, 1.4),
        click_care=rng.betavariate(3.0, 1.4),
        voice_habit=0.8 if rng.random() < 0.05 else 0.02,
        formality=rng.random(),
        emoji=rng.betavariate(1.2, 2.2),
        typing_care=rng.random(),
        wakes_hour=min(11.0, max(5.0, rng.gauss(7.3, 1.1))),
        sleeps_hour=min(27.5, max(21.5, rng.gauss(24.0, 1.2))),
    )
