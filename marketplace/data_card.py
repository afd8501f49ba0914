"""The benchmark's data card: where the data comes from, what is in it, what is wrong with it.

Takes: the settings and the counts of a finished benchmark. Gives: Markdown. Does not: count.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from cases.verdict import VERDICTS
from marketplace.benchmark import BENCHMARK_NAME, BENCHMARK_SPLITS, BENCHMARK_VERSION, BenchmarkSettings
from marketplace.benchmark_counts import SplitCounts

_TEXT: Final = """# {name}, version {version}

Cancelled marketplace orders with labels: did the seller induce the buyer to cancel? **Simulated**: no order, person or
message in it is real. Made by `verdict simulate` with seed {seed}; the same seed gives the same bytes with the locked
versions. Markets: {markets}.

## Source and process

An agent-based simulator lives each order through: sellers and buyers with latent traits, stock, queues, deadlines,
calls, and dialogue acts that are worded from hand-written language packs. Two truths are kept: `cause`, what happened,
and the policy's label, what a faultless annotator decides from the record. The label never sees the cause.

## Splits

| split | drawn by | label in the file |
|---|---|---|
| train, validation | random and enriched arm ({random:.0%} / {enriched:.0%}) | the team's current one |
| calibration | random arm | the senior's |
| test | random arm, held-out wordings | the team's first one |
| gold | the same cases as test | the policy's |

Splits follow each other in time and share no seller, buyer or order. The test's wordings appear in no other split.
`team/` holds, by `case_id`: every annotator's label, `sampling_weight` (1 over the probability of being drawn: weighed
so, a split has the natural mix), the truth, the hidden cause, the acts, and which single human faults would turn the
verdict (`hard_for`). None of this may be read by a model.

{splits}

## Label noise

Annotators follow the policy with human faults: they overlook hints, miss what was said by phone, trust the clicked
reason, count from the newest deadline, dislike doubt, tire. Planned share of wrong first labels: {noise:.0%} of the
natural mix; {double:.0%} of the cases are labelled twice, and a senior settles conflicts and looks again at
{relabelled:.0%} of the training cases.

{noise_table}

## Known gaps

* People here want one thing at a time; real orders mix causes.
* Wordings come from a finite set, a few dozen an act and language, with slots, typos and joins. A model that does well
  here has learnt these ways of saying things, not the language.
* The rates of causes, faults and gaps in the feed are assumptions, not measurements.
* Pictures and voice notes have no content. Names, places and prices are invented.
"""


def data_card(settings: BenchmarkSettings, counts: Sequence[SplitCounts]) -> str:
    """The card's Markdown."""
    plan = settings.plan
    return _TEXT.format(
        name=BENCHMARK_NAME,
        version=BENCHMARK_VERSION,
        seed=settings.seed,
        markets=", ".join(settings.markets),
        random=plan.random_share,
        enriched=1.0 - plan.random_share,
        noise=plan.first_label_error,
        double=plan.double_share,
        relabelled=settings.relabelled,
        splits=_table(
            ("split", "market", "cases", *(v.value for v in VERDICTS)),
            (
                (
                    c.split,
                    c.market,
                    str(c.cases),
                    *(f"{_share(c.verdicts.get(v.value, 0), c.cases)}" for v in VERDICTS),
                )
                for c in sorted(counts, key=lambda c: BENCHMARK_SPLITS.index(c.split))
            ),
        ),
        noise_table=_table(
            (
                "split",
                "cases",
                "hard",
                "first label wrong",
                "of the hard",
                "of the others",
                "label in the file wrong",
            ),
            (
                _noise_row(split, [c for c in counts if c.split == split])
                for split in BENCHMARK_SPLITS
                if split != "gold"
            ),
        ),
    )


def _noise_row(split: str, counts: Sequence[SplitCounts]) -> tuple[str, ...]:
    cases, hard = sum(c.cases for c in counts), sum(c.hard for c in counts)
    wrong, wrong_hard = sum(c.first_wrong for c in counts), sum(c.first_wrong_hard for c in counts)
    in_file = wrong if split == "test" else sum(c.current_wrong for c in counts)
    return (
        split,
        str(cases),
        _share(hard, cases),
        _share(wrong, cases),
        _share(wrong_hard, hard),
        _share(wrong - wrong_hard, cases - hard),
        _share(in_file, cases),
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
