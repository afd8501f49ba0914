"""How fast unlabelled chats are made, where the time goes, and whether memory stays where it is.

Takes: a study. Gives: the rate with the time that two million take, a profile by module, memory at two sizes.
Does not: make two million.
"""

import cProfile
import pstats
import resource
import shutil
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.market.study import MARKETS_DIR, SEED, Study
from benchmarks.results import Line, SectionResult, Table
from cases.market import load_markets
from marketplace.chats import ChatSettings, write_chats
from marketplace.settings import SimulationSettings
from marketplace.simulate import worlds_of

_WANTED_CASES: Final = 2_000_000
_LONGEST_HOURS: Final = 3.0
_PROFILED: Final = 400
_SMALL_SHARE: Final = 0.2
_GROWTH: Final = 1.1
_SHOWN: Final = 12


def run(study: Study) -> SectionResult:
    """Make a small set, then a large one, and profile one process."""
    sizes = study.sizes
    small_s, small_mb = _made(study, round(_SMALL_SHARE * sizes.rate), "small")
    large_s, large_mb = _made(study, sizes.rate, "large")
    study.tell(f"speed: {sizes.rate} cases in {large_s:.0f} s")
    a_second = sizes.rate / large_s
    hours = _WANTED_CASES / a_second / 3600.0
    return SectionResult(
        section="speed",
        lines=(
            Line(
                what=f"Unlabelled chats on {study.processes} processes: hours for 2 million at the measured rate",
                required=f"at most {_LONGEST_HOURS:.0f}",
                measured=f"{hours:.2f} h: {a_second:.0f} cases a second",
                n=sizes.rate,
                holds=hours <= _LONGEST_HOURS,
            ),
            Line(
                what="Peak memory of a process: five times as many cases over a fifth of them",
                required=f"at most {_GROWTH}",
                measured=f"{large_mb / small_mb:.2f}x: {small_mb:.0f} MB, then {large_mb:.0f} MB",
                n=sizes.rate,
                holds=large_mb <= _GROWTH * small_mb,
            ),
        ),
        tables=(_profile(study),),
        notes=(f"The small set of {round(_SMALL_SHARE * sizes.rate)} cases took {small_s:.0f} s.",),
    )


def _made(study: Study, cases: int, name: str) -> tuple[float, float]:
    """Wall-clock seconds, and the largest process so far in MB; the files are deleted again."""
    folder = study.folder / f"chats-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    settings = ChatSettings(study.markets, SEED, cases, study.sizes.rate_shard)
    begun = time.perf_counter()
    write_chats(settings, load_markets(MARKETS_DIR), folder, processes=study.processes)
    taken = time.perf_counter() - begun
    shutil.rmtree(folder)
    return taken, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0


def _profile(study: Study) -> Table:
    """Own time by module, over all markets; the profiler slows small functions more than large ones."""
    profiler = cProfile.Profile()
    worlds = worlds_of(SimulationSettings(study.markets, SEED, _PROFILED), load_markets(MARKETS_DIR))
    for world in worlds:
        next(world.unlabelled("warm"))
        profiler.enable()
        for case in islice(world.unlabelled("profile"), min(_PROFILED, study.sizes.rate)):
            case.model_dump_json()
        profiler.disable()
    spent: Counter[str] = Counter()
    for (file, _, function), (_, _, own_s, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        spent[_module(file, function)] += own_s
    total = sum(spent.values())
    return Table(
        title=f"Where the time of one process goes ({len(worlds)} x {_PROFILED} cases, own time)",
        columns=("module", "share"),
        rows=tuple((name, f"{100.0 * own_s / total:.1f} %") for name, own_s in spent.most_common(_SHOWN)),
    )


def _module(file: str, function: str) -> str:
    if file == "~":
        return f"built in: {function.strip('<>')}"
    path = Path(file)
    return f"{path.parent.name}/{path.name}"
