"""Tables of a finished benchmark: classes, noise, factors, causes, hashes.

Takes: a benchmark's counts, files or manifest. Gives: `Table`s. Does not: judge.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.market.counted import (
    cases_in,
    current_wrong,
    first_wrong,
    hard_wrong,
    others_wrong,
    per_cent,
    split_of,
)
from benchmarks.results import Table
from cases.factor import Factor
from cases.verdict import VERDICTS
from eval.figures import percent
from eval.scores import share
from marketplace.benchmark import BENCHMARK_SPLITS
from marketplace.benchmark_counts import SplitCounts
from marketplace.benchmark_files import BenchmarkManifest

_HASH_SHOWN: Final = 16


@dataclass(frozen=True, slots=True)
class _Truth:
    """What the simulator knows of a gold case."""

    cause: str
    verdict: str
    factors: tuple[str, ...]


def classes(counts: Sequence[SplitCounts], markets: Sequence[str]) -> Table:
    """True labels by market and split."""
    rows = []
    for market in markets:
        by = {c.split: c for c in counts if c.market == market}
        rows.append((market, *(_three(by[split]) for split in BENCHMARK_SPLITS)))
    return Table(
        title="True labels by market and split, per cent induced / not induced / inconclusive",
        columns=("market", *BENCHMARK_SPLITS),
        rows=tuple(rows),
        note="Training and validation: 60 % of the labelled cases at random, 40 % by the enriched arm.",
    )


def _three(counts: SplitCounts) -> str:
    return " / ".join(per_cent(counts.truths.get(verdict.value, 0), counts.cases) for verdict in VERDICTS)


def noise(counts: Sequence[SplitCounts]) -> Table:
    """How many labels are wrong, split by split."""
    rows = []
    for split in BENCHMARK_SPLITS[:-1]:
        some = split_of(counts, split)
        rows.append(
            (
                split,
                str(cases_in(some)),
                percent(share(sum(c.hard for c in some), cases_in(some))),
                percent(first_wrong(some)),
                percent(hard_wrong(some)),
                percent(others_wrong(some)),
                percent(current_wrong(some)),
            )
        )
    return Table(
        title="Label noise",
        columns=(
            "split",
            "cases",
            "hard",
            "first label wrong",
            "of the hard",
            "of the others",
            "current label wrong",
        ),
        rows=tuple(rows),
        note="The first labels of the calibration split are the senior's.",
    )


def factors(folder: Path, markets: Sequence[str]) -> Table:
    """How often each decision factor is true."""
    seen: dict[str, Counter[str]] = {}
    for market in markets:
        truths = list(_truths(folder, market))
        seen[market] = Counter(factor for truth in truths for factor in truth.factors)
        seen[market]["cases"] = len(truths)
    return Table(
        title="Decision factors by market, per cent of natural cases (gold)",
        columns=("factor", *markets),
        rows=tuple(
            (factor.value, *(per_cent(seen[m][factor.value], seen[m]["cases"]) for m in markets))
            for factor in Factor
        ),
    )


def causes(folder: Path, markets: Sequence[str]) -> Table:
    """What happened against what the record lets one say."""
    seen = Counter((truth.cause, truth.verdict) for market in markets for truth in _truths(folder, market))
    total = sum(seen.values())
    return Table(
        title="Hidden cause against label, per cent of natural cases (gold)",
        columns=("cause", *(v.value for v in VERDICTS)),
        rows=tuple(
            (cause, *(per_cent(seen[cause, v.value], total) for v in VERDICTS))
            for cause in sorted({cause for cause, _ in seen})
        ),
    )


def hashes(manifest: BenchmarkManifest) -> Table:
    """The splits' files and the beginning of each hash."""
    files = [
        file for file in manifest.files if file.name.endswith(".jsonl") and not file.name.startswith("team")
    ]
    return Table(
        title=f"{manifest.name}, version {manifest.version}: the splits' files",
        columns=("file", "bytes", f"SHA-256, first {_HASH_SHOWN}"),
        rows=tuple((file.name, str(file.bytes), file.sha256[:_HASH_SHOWN]) for file in files),
        note=f"As `verdict simulate benchmark --seed {manifest.settings.seed} --out FOLDER` makes them; its manifest"
        " has every file.",
    )


def _truths(folder: Path, market: str) -> Iterator[_Truth]:
    with (folder / "team" / "gold" / f"{market}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            truth = row["truth"]
            yield _Truth(row["cause"], truth["verdict"], tuple(truth["decision_factors"]))
