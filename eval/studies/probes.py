"""What the leak probes look at, taken from simulated cases market by market.

Takes: a market's settings and a number of cases. Gives: `Probed`: single-act lines, ids, times, labels.
Does not: probe (`eval.studies.leaks` does), or keep a case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from cases.market import load_markets
from cases.verdict import Verdict
from marketplace.rhythm import LocalClock
from marketplace.settings import SimulationSettings
from marketplace.simulate import Observed, worlds_of

_SECONDS_A_DAY: Final = 86_400.0
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one act each, as parallel lists; `stratum` is market and act, `case` counts through all cases."""

    stratum: list[str]
    wording: list[str]
    text: list[str]
    induced: list[bool]
    case: list[int]


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases, as parallel lists; `seller` is unique over markets, `times` seconds within a day and within a minute."""

    market: list[str]
    seller: list[str]
    ids: list[str]
    times: list[list[float]]
    induced: list[bool]


@dataclass(frozen=True, slots=True)
class Probed:
    """Everything that is probed."""

    lines: Lines
    cases: Cases


def probed(settings: SimulationSettings, markets_dir: Path) -> Probed:
    """The cases that a split keeps, `cases_per_market` of each of the settings' markets."""
    markets = load_markets(markets_dir)
    lines, cases = Lines([], [], [], [], []), Cases([], [], [], [], [])
    for world in worlds_of(settings, markets):
        clock = LocalClock.of(world.market.utc_offset)
        for observed in world.kept():
            _add_lines(lines, observed, len(cases.induced))
            _add_case(cases, observed, clock)
    return Probed(lines, cases)


def joined(parts: Sequence[Probed]) -> Probed:
    """Several markets' as one."""
    lines, cases = Lines([], [], [], [], []), Cases([], [], [], [], [])
    for part in parts:
        before = len(cases.induced)
        for one in fields(Lines):
            more = getattr(part.lines, one.name)
            getattr(lines, one.name).extend([before + n for n in more] if one.name == "case" else more)
        for one in fields(Cases):
            getattr(cases, one.name).extend(getattr(part.cases, one.name))
    return Probed(lines, cases)


def groups(names: Sequence[str]) -> np.ndarray:
    """A number a name."""
    return np.unique(names, return_inverse=True)[1]


def _add_lines(lines: Lines, observed: Observed, number: int) -> None:
    market = observed.simulated.case.market
    for line in observed.lines:
        if len(line.acts) == len(line.wordings) == 1:
            lines.stratum.append(f"{market} {line.acts[0].value}")
            lines.wording.append(line.wordings[0])
            lines.text.append(line.text)
            lines.induced.append(_induced(observed))
            lines.case.append(number)


def _add_case(cases: Cases, observed: Observed, clock: LocalClock) -> None:
    case = observed.simulated.case
    seller = case.seller.seller_id if case.seller else None
    buyer = case.buyer.buyer_id if case.buyer else None
    neighbours = " ".join(order.order_id or "" for order in case.concurrent_orders or ())
    moments = (case.order.placed_at, case.order.cancelled_at, case.order.promised_ship_at)
    seconds = [float("nan") if at is None else at.timestamp() + clock.offset_s for at in moments]
    cases.market.append(case.market)
    cases.seller.append(f"{case.market} {seller or case.case_id}")
    cases.ids.append(f"{case.case_id} {case.order.order_id} {seller} {buyer} {neighbours}")
    cases.times.append([second % period for second in seconds for period in (_SECONDS_A_DAY, _MINUTE_S)])
    cases.induced.append(_induced(observed))


def _induced(observed: Observed) -> bool:
    return observed.simulated.label.verdict is Verdict.INDUCED
