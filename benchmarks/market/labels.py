"""The labelled benchmark: its classes, factors and causes by market, and how wrong its labels are.

Takes: a study. Gives: the benchmark in the study's folder, lines and tables of what is in it. Does not: train anything.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from benchmarks.market.counted import cases_in, current_wrong, first_wrong, hard_wrong, others_wrong, split_of
from benchmarks.market.label_tables import causes, classes, factors, hashes, noise
from benchmarks.market.study import MARKETS_DIR, SEED, Study
from benchmarks.results import Chart, Line, SectionResult, Series
from cases.market import load_markets
from cases.verdict import VERDICTS, Verdict
from eval.figures import percent
from eval.scores import share
from marketplace.benchmark import BENCHMARK_SPLITS, BenchmarkSettings
from marketplace.benchmark_counts import SplitCounts
from marketplace.benchmark_files import write_benchmark

_CALIBRATION: Final = 2_000
_TWICE: Final = 20
_HARD: Final = (
    "A case is hard when one single human fault, by itself, would turn its verdict. *Current* is the label that a"
    " training reads: the first one, or the senior's where a senior looked again."
)


def run(study: Study) -> SectionResult:
    """Make the benchmark as `verdict simulate benchmark` does, and read it."""
    sizes = study.sizes
    settings = BenchmarkSettings(
        study.markets,
        SEED,
        sizes.benchmark_train,
        sizes.benchmark_validation,
        sizes.benchmark_calibration,
        sizes.benchmark_test,
    )
    folder = study.folder / "benchmark"
    manifest = write_benchmark(
        settings,
        load_markets(MARKETS_DIR),
        folder,
        processes=study.processes,
        progress=lambda counts: study.tell(f"labels: {counts.market} {counts.split}"),
    )
    counts = manifest.counts
    return SectionResult(
        section="labels",
        lines=(*_lines(study, counts), _same_bytes(study, settings)),
        tables=(
            classes(counts, study.markets),
            noise(counts),
            factors(folder, study.markets),
            causes(folder, study.markets),
            hashes(manifest),
        ),
        charts=(_class_chart(counts, study.markets), _noise_chart(counts)),
        notes=(_HARD,),
    )


def _lines(study: Study, counts: Sequence[SplitCounts]) -> tuple[Line, ...]:
    gold, train, test = split_of(counts, "gold"), split_of(counts, "train"), split_of(counts, "test")
    calibration = [c.cases for c in split_of(counts, "calibration")]
    induced = share(sum(c.truths.get(Verdict.INDUCED.value, 0) for c in gold), cases_in(gold))
    hard, easy = hard_wrong(test), others_wrong(test)
    planned = study.sizes.benchmark_calibration >= _CALIBRATION
    return (
        Line(
            what="Senior-labelled calibration cases of a market, natural mix: fewest",
            required=f"at least {_CALIBRATION}",
            measured=str(min(calibration)),
            n=sum(calibration),
            holds=min(calibration) >= _CALIBRATION if planned else None,
        ),
        Line(
            what="Induced, natural mix (gold)",
            required="about 25 %",
            measured=percent(induced),
            n=cases_in(gold),
            holds=None,
        ),
        Line(
            what="First labels that differ from truth, natural mix (test)",
            required="planned 12 %",
            measured=f"{percent(first_wrong(test))}; of hard cases"
            f" {percent(hard)}, of the others {percent(easy)}",
            n=cases_in(test),
            holds=None,
        ),
        Line(
            what="Training labels that differ from truth: first, and after relabelling",
            required="-",
            measured=f"{percent(first_wrong(train))}; after"
            f" {percent(current_wrong(train))},"
            f" {sum(c.looked_again for c in train)} looked at again",
            n=cases_in(train),
            holds=None,
        ),
    )


def _same_bytes(study: Study, settings: BenchmarkSettings) -> Line:
    """A small benchmark made twice, by one process and by several."""
    small = replace(
        settings,
        train=_TWICE,
        validation=_TWICE,
        calibration=_TWICE,
        test=_TWICE,
        markets=settings.markets[:3],
    )
    markets = load_markets(MARKETS_DIR)
    made = [
        write_benchmark(small, markets, study.folder / f"twice-{processes}", processes=processes)
        for processes in (1, max(2, study.processes))
    ]
    same = sum(one == other for one, other in zip(made[0].files, made[1].files, strict=True))
    total = len(made[0].files)
    return Line(
        what="Files of a benchmark made twice with one seed, by one process and by several: the same bytes",
        required="all",
        measured=f"{same} of {total}",
        n=total,
        holds=same == total,
    )


def _class_chart(counts: Sequence[SplitCounts], markets: Sequence[str]) -> Chart:
    gold = {c.market: c for c in split_of(counts, "gold")}
    return Chart(
        title="True labels of natural cases by market (gold)",
        unit="% of cases",
        categories=tuple(markets),
        series=tuple(
            Series(
                name=verdict.value,
                values=tuple(100.0 * gold[m].truths.get(verdict.value, 0) / gold[m].cases for m in markets),
            )
            for verdict in VERDICTS
        ),
        stacked=True,
    )


def _noise_chart(counts: Sequence[SplitCounts]) -> Chart:
    splits = BENCHMARK_SPLITS[:-1]
    some = {split: split_of(counts, split) for split in splits}
    shares = {
        "first label, hard cases": [hard_wrong(some[s]) for s in splits],
        "first label, other cases": [others_wrong(some[s]) for s in splits],
        "current label, all cases": [current_wrong(some[s]) for s in splits],
    }
    return Chart(
        title="Labels that differ from truth",
        unit="% of labels",
        categories=splits,
        series=tuple(Series.of(name, found, 100.0) for name, found in shares.items()),
    )
