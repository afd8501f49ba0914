"""How a figure is printed: value, then its 95 % interval.

Takes: an `Interval`. Gives: text. Does not: compute.
"""

import math
from typing import Final

from metrics.intervals import Interval

NOTHING: Final = "nothing to count"


def figure(interval: Interval, unit: str = "", digits: int = 3) -> str:
    """As `12.3 ms (11.9 to 12.8)`; the unit `x` stands close: `4.2x`."""
    if math.isnan(interval.value):
        return NOTHING
    space = f" {unit}" if unit and unit != "x" else unit
    return f"{interval.value:.{digits}f}{space} ({interval.low:.{digits}f} to {interval.high:.{digits}f})"


def percent(interval: Interval) -> str:
    """A share as `97.2 % (95.1 to 98.4)`."""
    if math.isnan(interval.value):
        return NOTHING
    return f"{100 * interval.value:.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
