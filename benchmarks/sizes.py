"""How much each section measures: the full run of the report, and a quick one that only proves the code path.

Takes: nothing. Gives: `FULL` and `QUICK`. Does not: measure. Every count of cases is named after its use.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of cases unless the name says otherwise; `look_at_golden` False leaves the golden verdicts alone."""

    latency_alone: int = 126
    latency_speed_probes: int = 40
    latency_clients: int = 32
    latency_crowd: int = 320
    overhead_pairs: int = 300
    one_token: int = 200
    leavers: int = 60
    crowd_probes: int = 400
    crowd_backlog: int = 220
    crowd_rounds: int = 16
    probes_per_s: float = 4.0
    documents: int = 1_000
    twice: int = 1_000
    twice_documents: int = 100
    unseen: int = 2_000
    rival_training_per_market: int = 6_000
    calibration_per_market: int = 200
    counterfactual_pairs: int = 200
    hostile_pairs: int = 500
    look_at_golden: bool = True


FULL: Final = Sizes()
QUICK: Final = Sizes(
    latency_alone=3,
    latency_speed_probes=2,
    latency_clients=4,
    latency_crowd=8,
    overhead_pairs=4,
    one_token=6,
    leavers=2,
    crowd_probes=4,
    crowd_backlog=70,
    crowd_rounds=1,
    documents=6,
    twice=6,
    twice_documents=2,
    unseen=30,
    rival_training_per_market=60,
    calibration_per_market=20,
    counterfactual_pairs=4,
    hostile_pairs=4,
    look_at_golden=False,
)
