"""What every section of the simulator's report works with.

Takes: nothing by itself. Gives: `Study`, its sizes, and the simulator's name in stamps. Does not: simulate.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.suite import Tell
from marketplace.packs import PACKS
from serving.settings import ROOT

MARKETS: Final = ("SG", "PH", "MY", "ID", "VN", "TH", "TW", "BR", "MX")
MARKETS_DIR: Final = ROOT / "config" / "markets"
SEED: Final = 20_251_125


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of cases; those of `benchmark_*`, `probed`, `read` and `pairs` are a market's."""

    benchmark_train: int = 3_500
    benchmark_validation: int = 500
    benchmark_calibration: int = 2_000
    benchmark_test: int = 1_000
    probed: int = 8_000
    bag_training: int = 4_000
    bag_measured: int = 1_500
    ceiling_training: int = 500_000
    ceiling_measured: int = 18_000
    ceiling_job: int = 4_000
    read: int = 1_500
    look_at_golden: bool = True
    pairs: int = 200
    hostile: int = 500
    rate: int = 45_000
    rate_shard: int = 2_500


FULL: Final = Sizes()
QUICK: Final = Sizes(
    benchmark_train=30,
    benchmark_validation=10,
    benchmark_calibration=10,
    benchmark_test=20,
    probed=400,
    bag_training=60,
    bag_measured=30,
    ceiling_training=450,
    ceiling_measured=180,
    ceiling_job=50,
    read=20,
    look_at_golden=False,
    pairs=3,
    hostile=9,
    rate=180,
    rate_shard=10,
)


@dataclass(frozen=True, slots=True)
class Study:
    """Sizes, where to work, how many processes, whom to tell."""

    sizes: Sizes
    folder: Path
    processes: int
    tell: Tell
    markets: tuple[str, ...] = MARKETS


def simulator_version() -> str:
    """`simulator@` and a hash of its code, its packs and the markets' files: figures of another one are not its."""
    digest = hashlib.sha256()
    code = sorted(PACKS.parent.rglob("*.py"))
    for path in (*code, *sorted(PACKS.rglob("*.toml")), *sorted(MARKETS_DIR.glob("*.toml"))):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return f"simulator@{digest.hexdigest()[:12]}"
