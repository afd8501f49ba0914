"""The quality floor: unseen simulated cases against rivals, counterfactual pairs, golden cases.

Takes: a bench. Gives: required lines and figures with intervals. Does not: look at the golden cases in a quick run.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.bench import Bench
from benchmarks.results import Line, SectionResult, Table
from cases.verdict import Verdict
from eval.figures import figure, percent
from eval.pairs import Followed, make_counterfactuals
from eval.quality import Answers, GoldenReport, answers_to, follows, labels_of, look_at_golden
from eval.rivals import Rival, best, by_rules, by_tfidf, calibrated_by_market, majority
from eval.scores import Margin, Scores, margin, score, share
from eval.sets import SimulatedSet, load_golden, simulated_cases
from marketplace.dialogues import dialogues_of
from marketplace.simulate import SimulatedCase
from serving.settings import ROOT

NEEDED_FOLLOWING: Final = 0.70
SEED: Final = 20_251_110
_CLIENTS: Final = 16
_BASE: Final = ROOT / "runs" / "demo" / "base"


@dataclass(frozen=True, slots=True)
class Sets:
    """Cases to learn from, to calibrate rivals on, and to decide: three splits of the simulator."""

    training: tuple[SimulatedCase, ...]
    calibration: tuple[SimulatedCase, ...]
    unseen: tuple[SimulatedCase, ...]


async def run(bench: Bench) -> SectionResult:
    """Ask the service first, then train and ask the rivals while nothing is timed."""
    sets = await asyncio.to_thread(_sets, bench)
    bench.tell("quality: sets simulated")
    cases = [simulated.case for simulated in sets.unseen]
    async with bench.client(_CLIENTS) as client:
        answers = await answers_to(client, cases, _CLIENTS)
        bench.tell(f"quality: {len(cases)} verdicts")
        pairs = make_counterfactuals(
            bench.model.trained, bench.sizes.counterfactual_pairs, SEED, bench.model.markets
        )
        following = await follows(client, pairs, _CLIENTS)
        scripts = [dialogue.case for dialogue in dialogues_of(bench.model.trained, held_out=True)]
        written = await answers_to(client, scripts, _CLIENTS)
        golden = None
        if bench.sizes.look_at_golden:
            trained = bench.model.card.trained_markets
            golden = await look_at_golden(client, load_golden(bench.model.markets), trained, _CLIENTS)
    rivals, origin = await asyncio.to_thread(_rivals, bench, sets)
    bench.tell("quality: rivals asked")
    labels = labels_of(cases)
    margins = [margin(labels, answers.verdicts, rival) for rival in rivals]
    scores = score(labels, answers.verdicts, answers.probabilities)
    return SectionResult(
        section="quality",
        lines=(
            *(_margin_line(one, scores) for one in margins),
            _following_line(following),
            *_score_lines("unseen simulated cases", scores),
            *_score_lines(
                "hand-written dialogues held out of training", score(labels_of(scripts), written.verdicts)
            ),
            *(() if golden is None else _golden_lines(golden)),
        ),
        tables=(
            _rivals_table(labels, answers, rivals),
            _markets_table(sets.unseen, answers),
            _following_table(following),
        ),
        notes=(
            f"The base is {origin}, asked the same prompts by a plain forward pass.",
            _learnt(sets),
        ),
    )


def _learnt(sets: Sets) -> str:
    return (
        f"TF-IDF + LR learnt from {len(sets.training)} simulated training cases; it and the base are also shown"
        f" calibrated by market on {len(sets.calibration)} calibration cases. The wordings of the unseen cases are"
        " held out of all of that."
    )


def _sets(bench: Bench) -> Sets:
    sizes, codes, markets = bench.sizes, bench.model.trained, bench.model.markets
    training = SimulatedSet(codes, sizes.rival_training_per_market * len(codes), SEED, "train")
    calibration = SimulatedSet(codes, sizes.calibration_per_market * len(codes), SEED, "calibration")
    unseen = SimulatedSet(codes, sizes.unseen, SEED, "test")
    return Sets(*(simulated_cases(wanted, markets) for wanted in (training, calibration, unseen)))


def _rivals(bench: Bench, sets: Sets) -> tuple[list[Rival], str]:
    """All rivals, and where the base came from."""
    from eval.base_model import base_logprobs, load_base  # noqa: PLC0415 - torch, which nothing else here needs

    cases = [simulated.case for simulated in sets.unseen]
    base = load_base(bench.model.folder, _BASE)
    tokenizer = bench.model.tokenizer
    logprobs = base_logprobs(base, [bench.model.prompt(case).ids for case in cases], tokenizer)
    held = base_logprobs(base, [bench.model.prompt(s.case).ids for s in sets.calibration], tokenizer)
    fitted = calibrated_by_market(held, sets.calibration, logprobs, cases)
    rivals = [
        majority(sets.calibration, cases),
        by_rules(cases),
        *by_tfidf(sets.training, sets.calibration, cases),
        Rival("base", best(logprobs)),
        Rival("base, calibrated", best(fitted)),
    ]
    return rivals, base.origin


def _margin_line(found: Margin, mine: Scores) -> Line:
    return Line(
        what=f"Macro-F1 on {mine.n} unseen simulated cases above {found.rival} (paired interval)",
        required="interval above 0",
        measured=f"{figure(found.above)}: {mine.macro_f1.value:.3f} against {found.rival_macro_f1:.3f}",
        n=mine.n,
        holds=found.holds,
    )


def _following_line(found: Followed) -> Line:
    following = share(found.followed, found.pairs)
    return Line(
        what="Counterfactual pairs: the verdict follows (it is the policy's before and after the change)",
        required=f"at least {NEEDED_FOLLOWING:.0%}",
        measured=percent(following),
        n=found.pairs,
        holds=following.value >= NEEDED_FOLLOWING,
    )


def _score_lines(where: str, scores: Scores) -> tuple[Line, ...]:
    accuracy = Line(
        what=f"Accuracy, {where}", required="-", measured=percent(scores.accuracy), n=scores.n, holds=None
    )
    precision = Line(
        what=f"Precision of induced, {where}",
        required="-",
        measured=f"{percent(scores.precision_induced)}; recall {percent(scores.recall_induced)}",
        n=scores.called_induced,
        holds=None,
    )
    if scores.ece is None:
        return accuracy, precision
    calibration = Line(
        what=f"Calibration error (ECE), {where}",
        required="-",
        measured=figure(scores.ece),
        n=scores.n,
        holds=None,
    )
    return accuracy, precision, calibration


def _golden_lines(golden: GoldenReport) -> tuple[Line, ...]:
    return (
        *_score_lines("golden cases, all nine markets", golden.everywhere),
        *_score_lines("golden cases, the trained markets", golden.trained),
    )


def _rivals_table(labels: Sequence[Verdict], answers: Answers, rivals: Sequence[Rival]) -> Table:
    rows = []
    for name, verdicts in (
        ("the model", answers.verdicts),
        *((rival.name, rival.verdicts) for rival in rivals),
    ):
        found = score(labels, verdicts)
        rows.append(
            (
                name,
                figure(found.macro_f1),
                percent(found.accuracy),
                percent(found.precision_induced),
                percent(found.recall_induced),
            )
        )
    return Table(
        title="The model and its rivals on the unseen cases",
        columns=("who", "macro-F1", "accuracy", "precision of induced", "recall of induced"),
        rows=tuple(rows),
    )


def _markets_table(unseen: Sequence[SimulatedCase], answers: Answers) -> Table:
    rows = []
    for market in dict.fromkeys(simulated.case.market for simulated in unseen):
        chosen = [index for index, simulated in enumerate(unseen) if simulated.case.market == market]
        found = score(
            [unseen[index].label.verdict for index in chosen],
            [answers.verdicts[index] for index in chosen],
            answers.probabilities[chosen],
        )
        ece = "-" if found.ece is None else figure(found.ece)
        rows.append(
            (
                market,
                str(found.n),
                figure(found.macro_f1),
                percent(found.accuracy),
                percent(found.precision_induced),
                ece,
            )
        )
    return Table(
        title="By market",
        columns=("market", "n", "macro-F1", "accuracy", "precision of induced", "calibration error"),
        rows=tuple(rows),
    )


def _following_table(found: Followed) -> Table:
    rows = [
        (change, str(seen), f"{good} ({good / seen:.0%})") for change, (good, seen) in found.by_change.items()
    ]
    return Table(
        title="Counterfactual pairs by what was changed",
        columns=("change", "pairs", "followed"),
        rows=tuple(sorted(rows)),
        note=f"Of all {found.pairs}: right before the change {found.original_right}, right after it"
        f" {found.changed_right}, verdict different after it {found.changed}.",
    )
