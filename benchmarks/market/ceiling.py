"""How well can simulated cases be decided at all, and what are words and numbers worth?

Takes: a study. Gives: lower and upper bound and each view's figures. Does not: train a language model.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.market.study import MARKETS_DIR, SEED, Study
from benchmarks.results import Chart, Line, SectionResult, Series, Table
from cases.verdict import VERDICTS, Verdict
from eval.figures import figure, percent
from eval.rivals import Rival, best
from eval.scores import Margin, Scores, margin, score
from eval.studies.ceiling import View, views
from eval.studies.signals import Signals, joined, simulated_signals
from marketplace.settings import SimulationSettings, Split

_NATURAL: Final = 0.25
_SAYS: Final = {
    "text": "the chat's words alone",
    "numbers": "the 68 features alone",
    "both": "words and features: the lower bound",
    "acts": "the uttered acts and the features: the upper bound",
}


def run(study: Study) -> SectionResult:
    """Train every view on the training wordings; measure on held-out ones."""
    sizes = study.sizes
    training = _signals(study, "train", sizes.ceiling_training)
    study.tell(f"ceiling: {len(training)} training cases simulated")
    measured = _signals(study, "test", sizes.ceiling_measured)
    found = views(training, measured, lambda name: study.tell(f"ceiling: {name}"))
    labels = [VERDICTS[int(index)] for index in measured.labels]
    scores = {view.name: score(labels, best(view.probabilities), view.probabilities) for view in found}
    return SectionResult(
        section="ceiling",
        lines=(
            *(_bound(scores[name], name) for name in ("both", "acts")),
            *(_better(labels, found, alone) for alone in ("text", "numbers")),
        ),
        tables=(_views_table(scores), _markets_table(labels, found, measured.markets)),
        charts=(_chart(scores),),
        notes=(
            (
                f"Learnt from {len(training)} cases in the natural mix with the wordings of training; measured on"
                f" {len(measured)} with held-out wordings and other sellers, later in time. Labels are the policy's."
                " What the upper bound misses lies in missing signals and in what such a model cannot count; what lies"
                " between the bounds is the reading of words."
            ),
        ),
    )


def _signals(study: Study, split: Split, cases: int) -> Signals:
    """The natural mix of all markets, in jobs that several processes share; every job has a seed of its own."""
    each = -(-cases // len(study.markets))
    jobs = []
    for market in study.markets:
        for start in range(0, each, study.sizes.ceiling_job):
            count = min(study.sizes.ceiling_job, each - start)
            jobs.append(SimulationSettings((market,), SEED + start, count, split, _NATURAL))
    return joined(list(simulated_signals(jobs, MARKETS_DIR, study.processes)))


def _bound(found: Scores, name: str) -> Line:
    return Line(
        what=f"Accuracy of a model that sees {_SAYS[name]}",
        required="-",
        measured=f"{percent(found.accuracy)}; macro-F1 {figure(found.macro_f1)}",
        n=found.n,
        holds=None,
    )


def _better(labels: Sequence[Verdict], found: Sequence[View], alone: str) -> Line:
    by = {view.name: best(view.probabilities) for view in found}
    above: Margin = margin(labels, by["both"], Rival(alone, by[alone]))
    return Line(
        what=f"Macro-F1 of words and features above {_SAYS[alone]} (paired interval)",
        required="interval above 0",
        measured=figure(above.above),
        n=len(labels),
        holds=above.holds,
    )


def _views_table(scores: dict[str, Scores]) -> Table:
    return Table(
        title="What a model sees, and how well it decides",
        columns=("sees", "accuracy", "macro-F1", "precision of induced", "recall of induced"),
        rows=tuple(
            (
                _SAYS[name],
                percent(one.accuracy),
                figure(one.macro_f1),
                percent(one.precision_induced),
                percent(one.recall_induced),
            )
            for name, one in scores.items()
        ),
    )


def _markets_table(labels: Sequence[Verdict], found: Sequence[View], markets: np.ndarray) -> Table:
    rows = []
    for market in dict.fromkeys(markets.tolist()):
        chosen = np.flatnonzero(markets == market)
        truth = [labels[index] for index in chosen]
        rows.append(
            (market, *(percent(score(truth, best(view.probabilities[chosen])).accuracy) for view in found))
        )
    return Table(
        title="Accuracy by market", columns=("market", *(view.name for view in found)), rows=tuple(rows)
    )


def _chart(scores: dict[str, Scores]) -> Chart:
    found = [one.accuracy for one in scores.values()]
    return Chart(
        title="Accuracy on held-out wordings by what a model sees",
        unit="% of cases",
        categories=tuple(scores),
        series=(Series.of("accuracy", found, 100.0),),
        from_value=50.0,
    )
