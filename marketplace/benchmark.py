"""The benchmark data set: labelled splits as a team would have made them, and the gold truth beside them.

Takes: `BenchmarkSettings`, the configured markets. Gives: per market and split a stream of `BenchmarkRow`s.
Does not: write files (`marketplace.benchmark_files` does).

    train, validation   drawn by both arms; `label` is the team's current label
    calibration         random arm only, labelled by the senior, for calibration and certified thresholds
    test                random arm only, `label` is the team's first label: a noisy test
    gold                the same cases as test, `label` is the policy's

Splits lie one after the other in time, and each has sellers and buyers of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Literal, get_args

from cases.case import Label, LabelledCase
from cases.errors import ConfigError
from cases.market import Markets
from marketplace.annotate import hard_for
from marketplace.annotators import Fault
from marketplace.labelling import LabellingPlan, LabelTeam, TeamLabelled
from marketplace.settings import SimulationSettings, Split
from marketplace.simulate import World, with_label, worlds_of

BENCHMARK_NAME: Final = "induced-cancellations"
BENCHMARK_VERSION: Final = "1"
BenchmarkSplit = Literal["train", "validation", "calibration", "test", "gold"]
BENCHMARK_SPLITS: Final[tuple[BenchmarkSplit, ...]] = get_args(BenchmarkSplit)
_PILOT_CASES: Final = 400


@dataclass(frozen=True, slots=True)
class BenchmarkSettings:
    """How much of what. Numbers are cases a market; `relabelled` is the share of training cases seen by the senior."""

    markets: tuple[str, ...]
    seed: int
    train: int = 3_500
    validation: int = 500
    calibration: int = 2_000
    test: int = 1_000
    relabelled: float = 0.1
    plan: LabellingPlan = field(default_factory=LabellingPlan)

    def checked(self, markets: Markets) -> "BenchmarkSettings":
        """Itself. Raises ConfigError or UnknownMarketError naming what cannot be made."""
        for split in ("train", "validation", "calibration", "test"):
            self.simulation(split).checked(markets)
        if not 0.0 <= self.relabelled <= 1.0:
            raise ConfigError(f"relabelled share {self.relabelled}: from 0 to 1")
        self.plan.checked()
        return self

    def cases(self, split: BenchmarkSplit) -> int:
        """How many cases a market a split has."""
        wanted: int = getattr(self, "test" if split == "gold" else split)
        return wanted

    def simulation(self, split: Split) -> SimulationSettings:
        """The natural mix of a split, as many orders as are asked for."""
        return SimulationSettings(
            self.markets, self.seed, max(1, self.cases(split)), split, induced_share=0.25
        )


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """One case as its split has it: `case.label` is the split's label; `team` knows the rest."""

    case: LabelledCase
    team: TeamLabelled
    hard_for: tuple[Fault, ...]

    @property
    def truth(self) -> Label:
        """What a faultless annotator decides from the record."""
        return self.team.simulated.label

    def gold(self) -> "BenchmarkRow":
        """The same case with the truth as its label."""
        return BenchmarkRow(self.team.simulated.case, self.team, self.hard_for)


def market_rows(
    settings: BenchmarkSettings, code: str, markets: Markets, split: Split
) -> Iterator[BenchmarkRow]:
    """The rows of one market's split, always the same for the same settings; gold's are the test's, by `gold`."""
    simulation = replace(settings.simulation(split), markets=(code,), cases_per_market=10**6)
    world = worlds_of(simulation, markets)[0]
    team = LabelTeam(
        world.generator("label team"),
        code,
        settings.plan,
        islice(world.candidates("label pilot"), _PILOT_CASES),
    )
    for labelled in _team_labels(settings, split, world, team):
        label = _label_of(split, labelled)
        case = with_label(labelled.simulated.case, label)
        yield BenchmarkRow(case, labelled, hard_for(labelled.simulated))


def _team_labels(
    settings: BenchmarkSettings, split: Split, world: World, team: LabelTeam
) -> Iterator[TeamLabelled]:
    count = settings.cases(split)
    if split == "calibration":
        return team.senior_labels(world.cases(), count)
    if split == "test":
        return team.random_labels(world.cases(), count)
    coin = world.generator("second looks")
    labelled = team.labels(world.cases(), count)
    return (team.relabelled(one) if coin.random() < settings.relabelled else one for one in labelled)


def _label_of(split: Split, labelled: TeamLabelled) -> Label:
    return labelled.first if split == "test" else labelled.current


def sampling_weight(labelled: TeamLabelled) -> float:
    """What a case counts for in the natural mix; 1 for a case that was sure to be drawn."""
    return 1.0 / labelled.drawn
