"""The clock of a market: hours of the day, days of the week, campaign peaks.

Takes: times as float seconds since 1970 UTC and a market's offset. Gives: local hours, opening times, arrival weights.
Does not: know orders or sellers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0

# Share of the day's orders by local hour: a lunch bump and a long evening, as in mobile shopping.
_HOURS = (
    2.4, 1.3, 0.7, 0.5, 0.5, 0.9, 1.8, 2.9, 3.9, 4.8, 5.3, 5.6,
    6.2, 5.6, 5.0, 4.8, 4.7, 4.8, 5.2, 6.2, 7.4, 8.0, 7.3, 4.2,
)  # fmt: skip
_WEEKDAYS = (1.0, 0.97, 0.95, 0.97, 1.02, 1.08, 1.12)
_CAMPAIGN = 3.2
_CAMPAIGN_EVE = 0.7
_PAY_DAY = 1.35


@dataclass(frozen=True, slots=True)
class LocalClock:
    """Local time of one market; `offset_s` is its distance from UTC."""

    offset_s: float

    @classmethod
    def of(cls, utc_offset: str) -> "LocalClock":
        """From the market file's form, as `+08:00`."""
        sign = -1.0 if utc_offset[0] == "-" else 1.0
        return cls(sign * (int(utc_offset[1:3]) * HOUR_S + int(utc_offset[4:6]) * MINUTE_S))

    def hour(self, at_s: float) -> float:
        """Local hour of the day in [0, 24)."""
        return (at_s + self.offset_s) % DAY_S / HOUR_S

    def weekday(self, at_s: float) -> int:
        """0 is Monday."""
        return (int((at_s + self.offset_s) // DAY_S) + 3) % 7

    def midnight(self, at_s: float) -> float:
        """The local midnight at or before `at_s`."""
        return at_s - (at_s + self.offset_s) % DAY_S

    def date(self, at_s: float) -> tuple[int, int]:
        """Local month and day of the month."""
        local = datetime.fromtimestamp(at_s + self.offset_s, UTC)
        return local.month, local.day


def day_weight(clock: LocalClock, at_s: float) -> float:
    """How many orders a day gets, against an ordinary one: weekends, pay day, and the 9.9 and 11.11 campaigns."""
    month, day = clock.date(at_s)
    weight = _WEEKDAYS[clock.weekday(at_s)]
    if month == day or (month == 11 and day in {28, 29}):
        return weight * _CAMPAIGN
    if day == month - 1:
        return weight * _CAMPAIGN_EVE
    return weight * (_PAY_DAY if day in {1, 25, 26, 30} else 1.0)


def moment_of_day(rng: Random) -> float:
    """Seconds after local midnight at which an order comes in."""
    hour = rng.choices(range(24), weights=_HOURS)[0]
    return hour * HOUR_S + rng.random() * HOUR_S


def next_open(clock: LocalClock, at_s: float, opens_hour: float, closes_hour: float) -> float:
    """The first moment at or after `at_s` within the opening hours (local)."""
    hour = clock.hour(at_s)
    if opens_hour <= hour < closes_hour:
        return at_s
    opening = clock.midnight(at_s) + opens_hour * HOUR_S
    return opening if hour < opens_hour else opening + DAY_S


def is_awake(clock: LocalClock, at_s: float, wakes_hour: float, sleeps_hour: float) -> bool:
    """Whether somebody is up then who goes to bed at `sleeps_hour` (above 24: past midnight)."""
    hour = clock.hour(at_s)
    return wakes_hour <= hour < sleeps_hour or hour + 24.0 < sleeps_hour
