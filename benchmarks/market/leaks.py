"""Does anything that says nothing of what happened tell the label, and how much does a bag of words lose on new words?

Takes: a study. Gives: a required line a probe. Does not: mend a leak.
"""

from typing import Final

from baselines.tfidf import TfidfClassifier
from benchmarks.market.study import MARKETS_DIR, SEED, Study
from benchmarks.results import Chart, Line, SectionResult, Series
from cases.market import load_markets
from cases.narrative import narrate
from cases.verdict import Verdict
from eval.figures import percent
from eval.rivals import best
from eval.scores import share
from eval.sets import SimulatedSet, simulated_cases
from eval.studies.leaks import Leak, leaks
from eval.studies.probes import joined, probed
from marketplace.processes import spread
from marketplace.settings import SimulationSettings, Split
from metrics.intervals import Interval

_AWAY: Final = 0.02
_NATURAL: Final = 0.25
_LOST_POINTS: Final = 3.0


def run(study: Study) -> SectionResult:
    """Probe natural cases of all markets, then train one bag of words."""
    jobs = [
        (SimulationSettings((market,), SEED, study.sizes.probed, "train", _NATURAL), MARKETS_DIR)
        for market in study.markets
    ]
    parts = dict(spread(probed, jobs, study.processes))
    study.tell("leaks: cases simulated")
    found = leaks(joined([parts[job] for job in jobs]))
    study.tell("leaks: probed")
    return SectionResult(
        section="leaks",
        lines=(*map(_line, found), _bag_of_words(study)),
        charts=(_chart(found),),
        notes=(
            (
                "Wording, text and length are judged inside each market and act, by models that have not seen the case;"
                " ids and times inside each market, by models that have not seen the seller. Times are local."
            ),
        ),
    )


def _line(leak: Leak) -> Line:
    return Line(
        what=f"AUROC of induced from {leak.probe}",
        required=f"0.50 +- {_AWAY}",
        measured=f"{leak.auroc:.3f} ({leak.low:.3f} to {leak.high:.3f})",
        n=leak.n,
        holds=abs(leak.auroc - 0.5) <= _AWAY,
    )


def _bag_of_words(study: Study) -> Line:
    """TF-IDF with logistic regression on narratives: new cases in known wordings, and in held-out ones."""
    sizes, count = study.sizes, len(study.markets)
    markets = load_markets(MARKETS_DIR)

    def cases(split: Split, number: int) -> tuple[list[str], list[Verdict]]:
        some = simulated_cases(SimulatedSet(study.markets, number * count, SEED, split), markets)
        return [narrate(one.case).text for one in some], [one.label.verdict for one in some]

    model = TfidfClassifier.fit(*cases("train", sizes.bag_training))
    shares: list[Interval] = []
    for split in ("validation", "test"):
        texts, labels = cases(split, sizes.bag_measured)
        verdicts = best(model.probabilities(texts))
        shares.append(share(sum(a == b for a, b in zip(labels, verdicts, strict=True)), len(labels)))
    lost = 100.0 * (shares[0].value - shares[1].value)
    return Line(
        what="Bag of words: accuracy on wordings of training less accuracy on held-out ones",
        required=f"at most {_LOST_POINTS:.0f} points",
        measured=f"{lost:.1f} points: {percent(shares[0])} less {percent(shares[1])}",
        n=2 * sizes.bag_measured * count,
        holds=lost <= _LOST_POINTS,
    )


def _chart(found: tuple[Leak, ...]) -> Chart:
    return Chart(
        title="What should not tell the label",
        unit="AUROC of induced",
        categories=tuple(leak.probe for leak in found),
        series=(Series.of("AUROC", [Interval(leak.auroc, leak.low, leak.high) for leak in found]),),
        marks_at=0.5,
        from_value=0.4,
    )
