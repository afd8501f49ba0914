"""Thinning: labels in the wanted shares, hours the same for all; buyers sleep.

Takes: made-up candidates, and the clock of a market. Gives: failures with the share that is off.
"""

from collections import Counter
from random import Random

import pytest

from cases.verdict import Verdict
from marketplace.rhythm import DAY_S, HOUR_S, LocalClock, is_awake, next_open
from marketplace.thinning import Thinning

CLOCK = LocalClock.of("+08:00")
SHARES = {Verdict.INDUCED: 0.25, Verdict.NOT_INDUCED: 0.62, Verdict.INCONCLUSIVE: 0.13}
EVENING, NOON = 20.5, 12.5


def _moment(hour: float) -> float:
    return 40 * DAY_S + hour * HOUR_S - CLOCK.offset_s


def test_what_is_kept_has_the_wanted_labels_and_no_hour_of_its_own() -> None:
    """Induced candidates come at noon two times in three, the others in the evening; kept ones do not differ."""
    rng, thinning = Random(5), Thinning(SHARES, CLOCK)
    kept: Counter[tuple[Verdict, float]] = Counter()
    for _ in range(60_000):
        verdict = rng.choices(tuple(SHARES), weights=(10, 70, 20))[0]
        at_noon = 0.6 if verdict is Verdict.INDUCED else 0.5
        hour = NOON if rng.random() < at_noon else EVENING
        chance = thinning.kept_share(verdict, _moment(hour))
        assert 0.0 <= chance <= 1.0
        kept[verdict, hour] += rng.random() < chance
    total = sum(kept.values())
    for verdict, share in SHARES.items():
        of_label = kept[verdict, NOON] + kept[verdict, EVENING]
        assert of_label / total == pytest.approx(share, abs=0.03)
    noon = {v: kept[v, NOON] / (kept[v, NOON] + kept[v, EVENING]) for v in SHARES}
    assert max(noon.values()) - min(noon.values()) < 0.03


@pytest.mark.parametrize(
    ("hour", "sleeps", "awake"),
    [(7.0, 23.0, False), (9.0, 23.0, True), (23.5, 23.0, False), (0.5, 25.0, True), (1.5, 25.0, False)],
)
def test_who_goes_to_bed_past_midnight_is_up_until_then(hour: float, sleeps: float, awake: bool) -> None:
    """Hours above 24 belong to the next day; whoever sleeps gets up at eight."""
    at_s = _moment(hour)
    assert is_awake(CLOCK, at_s, 8.0, sleeps) is awake
    if not awake:
        up_s = next_open(CLOCK, at_s, 8.0, sleeps)
        assert CLOCK.hour(up_s) == pytest.approx(8.0)
        assert 0.0 < up_s - at_s < DAY_S
