"""The sets that quality is measured on: golden cases, and simulated cases by seed.

Takes: the configured markets, a size and a seed. Gives: labelled cases. Does not: ask a model, or write anything.

The golden cases are for measuring only; whoever computes a figure on them also writes the look down
(`eval.golden_looks`). Simulated sets come from the simulator's `test` split, whose wordings no training has seen.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Final, TypeVar

from cases.case import LabelledCase
from cases.case_file import read_cases
from cases.errors import ConfigError, ModelFileError
from cases.market import Markets
from marketplace.settings import SimulationSettings, Split
from marketplace.simulate import SimulatedCase, simulate, worlds_of

_Item = TypeVar("_Item")
GOLDEN: Final = Path(__file__).parent / "golden" / "dev.jsonl"
GOLDEN_SHA256: Final = "0e2cdea4f21a515b85a4ce2da43a89363d3961eb45ef1cf5bdd7896c8abb6c1b"


@dataclass(frozen=True, slots=True)
class SimulatedSet:
    """Which simulated cases: `cases` in all, the same number of every market (the last round may be cut)."""

    markets: tuple[str, ...]
    cases: int
    seed: int
    split: Split = "test"


def load_golden(
    markets: Markets, path: Path = GOLDEN, sha256: str = GOLDEN_SHA256
) -> tuple[LabelledCase, ...]:
    """The golden cases in file order, each with its label.

    Raises ModelFileError when the file is missing or was changed, ConfigError when a row is bad or has no label.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}") from error
    if found != sha256:
        raise ModelFileError(f"{path}: its sha256 is {found[:12]}, not {sha256[:12]}; restore the file")
    cases = []
    for row in read_cases(path, markets):
        if row.case is None or row.case.label is None:
            faults = "; ".join(f"{p.pointer}: {p.message}" for p in row.problems) or "it has no label"
            raise ConfigError(f"{path}, line {row.line_number}: {faults}")
        cases.append(row.case)
    return tuple(cases)


def of_markets(cases: Sequence[LabelledCase], codes: frozenset[str]) -> tuple[LabelledCase, ...]:
    """The cases of these markets, in order."""
    return tuple(case for case in cases if case.market in codes)


def simulated_cases(wanted: SimulatedSet, markets: Markets) -> tuple[SimulatedCase, ...]:
    """`wanted.cases` simulated cases, the markets in turn; the same ones for the same arguments.

    Raises ConfigError or UnknownMarketError when they cannot be simulated.
    """
    each = _each(wanted)
    by_market = [
        list(simulate(SimulationSettings((code,), wanted.seed, each, wanted.split), markets))
        for code in wanted.markets
    ]
    return _in_turn(by_market, wanted)


def any_cases(wanted: SimulatedSet, markets: Markets) -> tuple[LabelledCase, ...]:
    """As `simulated_cases`, but as they come: labels have no set shares. For measuring time, where they do not matter.

    Several times faster, since no pilot is needed to find the shares.
    """
    each = _each(wanted)
    worlds = worlds_of(SimulationSettings(wanted.markets, wanted.seed, each, wanted.split), markets)
    by_market = [[simulated.case for simulated in islice(world.candidates("any"), each)] for world in worlds]
    return _in_turn(by_market, wanted)


def _each(wanted: SimulatedSet) -> int:
    return -(-wanted.cases // max(1, len(wanted.markets)))


def _in_turn(by_market: Sequence[Sequence[_Item]], wanted: SimulatedSet) -> tuple[_Item, ...]:
    in_turn = (case for case in chain.from_iterable(zip_longest(*by_market)) if case is not None)
    return tuple(in_turn)[: wanted.cases]
