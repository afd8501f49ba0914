"""Where labelled cases come from: the simulator, or a user's file in its place.

Takes: a recipe and perhaps `--data`. Gives: labelled cases for training and for calibration, and what to call them.
Does not: mix the two, or touch the simulator's test split.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cases.case import LabelledCase
from cases.market import Markets
from finetune.manifest import file_sha256
from finetune.recipe import Recipe
from finetune.user_data import is_for_calibration, read_labelled
from marketplace.counterfactual import counterfactual_pairs
from marketplace.dialogues import dialogues_of
from marketplace.hostile import hostile_trios
from marketplace.settings import SimulationSettings, Split
from marketplace.simulate import simulate


@dataclass(frozen=True)
class LabelledSource:
    """Labelled cases of one recipe; `data` None means the simulator."""

    recipe: Recipe
    markets: Markets
    data: Path | None = None

    def training(self) -> Iterator[LabelledCase]:
        """The cases to train on, always in the same order."""
        if self.data is not None:
            yield from (case for case in self._own if not is_for_calibration(case))
        else:
            yield from self._simulated("train", self.recipe.data.train_cases_per_market)
            yield from self._hostile()
            yield from self._counterfactual()
            yield from self._dialogues()

    def training_count(self) -> int:
        """How many cases `training` gives."""
        data = self.recipe.data
        if self.data is not None:
            return sum(not is_for_calibration(case) for case in self._own)
        each = data.train_cases_per_market + 2 * (
            data.hostile_trios_per_market + data.counterfactual_pairs_per_market
        )
        return each * len(data.markets) + sum(1 for _ in self._dialogues())

    def calibration(self) -> Iterator[LabelledCase]:
        """Cases apart from those of training; of the simulator with the wordings of training, never of the test."""
        if self.data is not None:
            yield from (case for case in self._own if is_for_calibration(case))
        else:
            yield from self._simulated("calibration", self.recipe.data.calibration_cases_per_market)

    @property
    def name(self) -> str:
        """What a model card calls the data."""
        if self.data is not None:
            return f"labelled cases of {self.data.name}"
        return f"simulated cases, {self.recipe.data.train_cases_per_market:,} a market"

    def sha256(self) -> str:
        """Of the user's file; of the simulator's cases the recipe's own hash, which fixes them with the commit."""
        return self.recipe.sha256() if self.data is None else file_sha256(self.data)

    @cached_property
    def _own(self) -> list[LabelledCase]:
        return [] if self.data is None else read_labelled(self.data, self.markets)

    def _hostile(self) -> Iterator[LabelledCase]:
        """Cases in which somebody gives the reviewer orders, and as many with harmless text in the same place."""
        if count := self.recipe.data.hostile_trios_per_market:
            for trio in hostile_trios(self._settings("train", count), self.markets):
                yield from (trio.hostile.case, trio.neutral.case)

    def _counterfactual(self) -> Iterator[LabelledCase]:
        """Pairs of cases that differ in the one thing that decides."""
        if count := self.recipe.data.counterfactual_pairs_per_market:
            for pair in counterfactual_pairs(self._settings("train", count), self.markets):
                yield from (pair.original.case, pair.changed.case)

    def _dialogues(self) -> Iterator[LabelledCase]:
        """Scripts written by hand, as often as the recipe says."""
        if repeats := self.recipe.data.dialogue_repeats:
            cases = [one.case for one in dialogues_of(self.recipe.data.markets, held_out=False)]
            for _ in range(repeats):
                yield from cases

    def _simulated(self, split: Split, cases_per_market: int) -> Iterator[LabelledCase]:
        return (
            simulated.case for simulated in simulate(self._settings(split, cases_per_market), self.markets)
        )

    def _settings(self, split: Split, cases_per_market: int) -> SimulationSettings:
        return SimulationSettings(
            markets=self.recipe.data.markets,
            seed=self.recipe.seed,
            cases_per_market=cases_per_market,
            split=split,
        )
