"""Simulated chats beside hand-written ones, language by language.

Takes: a study. Gives: figures of both, and how well a classifier tells them apart; every look at the golden cases is
written down first. Does not: look at the golden cases in a quick run: it compares two halves of simulated ones.
"""

from collections.abc import Sequence
from typing import Final

from benchmarks.market.study import MARKETS_DIR, SEED, Study
from benchmarks.results import Chart, Line, SectionResult, Series, Table
from cases.case import Case
from cases.market import load_markets
from eval.golden_looks import Look, append_looks
from eval.sets import SimulatedSet, load_golden, simulated_cases
from eval.studies.realism import Realism, Shape, realism
from metrics.auroc import Auroc
from metrics.intervals import Interval

_WHY: Final = "realism of the simulator's chats against the golden ones"


def run(study: Study) -> SectionResult:
    """Compare chats of the training wordings with the golden cases' chats."""
    markets = load_markets(MARKETS_DIR)
    wanted = SimulatedSet(study.markets, study.sizes.read * len(study.markets), SEED, "validation")
    simulated: list[Case] = [one.case for one in simulated_cases(wanted, markets)]
    written: Sequence[Case] = load_golden(markets) if study.sizes.look_at_golden else simulated[::2]
    found = realism(simulated if study.sizes.look_at_golden else simulated[1::2], written)
    if study.sizes.look_at_golden:
        append_looks(_looks(found))
    return SectionResult(
        section="realism",
        lines=tuple(map(_line, found)),
        tables=(_shapes(found),),
        charts=(_chart(found),),
        notes=(
            (
                "A classifier (character n-grams, logistic regression) sees single lines, as many of either kind, and"
                " is measured on lines of cases that it has not seen: 0.5 cannot tell them apart, 1 always can."
                " Hand-written lines are few, so intervals are wide and the classifier is weak."
            ),
        ),
    )


def _line(one: Realism) -> Line:
    return Line(
        what=f"{one.language}: AUC of a classifier that tells simulated from hand-written lines",
        required="-",
        measured="too few lines" if one.told_apart is None else _auc(one.told_apart),
        n=2 * one.written.lines,
        holds=None,
    )


def _auc(found: Auroc) -> str:
    return f"{found.auroc:.2f} ({found.low:.2f} to {found.high:.2f})"


def _shapes(found: Sequence[Realism]) -> Table:
    def both(one: Realism, of: str, digits: int, times: float = 1.0) -> str:
        values = (getattr(one.simulated, of), getattr(one.written, of))
        return " / ".join("-" if value is None else f"{times * value:.{digits}f}" for value in values)

    rows = tuple(
        (
            one.language,
            both(one, "cases", 0),
            both(one, "lines_a_case", 1),
            both(one, "characters_a_line", 0),
            both(one, "characters_p90", 0),
            both(one, "emoji", 1, 100.0),
            both(one, "mixed", 1, 100.0),
            both(one, "different_words", 0),
        )
        for one in found
    )
    return Table(
        title="Simulated / hand-written",
        columns=(
            "market",
            "cases",
            "lines a case",
            "characters a line",
            "of the longest tenth",
            "lines with emoji, %",
            "lines of mixed language, %",
            "different words of the first 400",
        ),
        rows=rows,
        note="Scripts without spaces count pairs of characters as words.",
    )


def _looks(found: Sequence[Realism]) -> list[Look]:
    def look(one: Realism) -> Look:
        shape: Shape = one.written
        auc = "too few lines" if one.told_apart is None else f"AUC {_auc(one.told_apart)}"
        return Look(
            f"{_WHY}, {one.language}: classifier, and message length, turns, emoji, mixing, vocabulary",
            shape.cases,
            f"{auc}; {shape.lines_a_case:.1f} lines a case, {shape.characters_a_line:.0f} characters a line",
        )

    return [look(one) for one in found]


def _chart(found: Sequence[Realism]) -> Chart:
    told = [(one.language, one.told_apart) for one in found if one.told_apart is not None]
    return Chart(
        title="How well a classifier tells simulated from hand-written lines",
        unit="AUC",
        categories=tuple(language for language, _ in told),
        series=(Series.of("AUC", [Interval(auc.auroc, auc.low, auc.high) for _, auc in told]),),
        marks_at=0.5,
        from_value=0.4,
    )
