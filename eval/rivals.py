"""What the language model is compared with: majority, legacy rules, TF-IDF with logistic regression.

Takes: labelled cases to learn from, cases to decide. Gives: one `Rival` each. Does not: see the labels of the cases to
decide.

The plain classifier is shown twice: as trained, and calibrated by market on the cases that calibrate the model too
(training shows more induced cases than there are). A model has to beat both.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from baselines.rules_v1 import RulesV1
from baselines.tfidf import TfidfClassifier
from cases.case import Case
from cases.narrative import narrate
from cases.verdict import VERDICTS, Verdict
from marketplace.simulate import SimulatedCase
from metrics.calibration import fit_temperature_bias
from metrics.calibration_apply import calibrated

RULES: Final = Path(__file__).resolve().parents[1] / "config" / "rules_v1.toml"
_SMALLEST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Rival:
    """A name and a verdict a case."""

    name: str
    verdicts: tuple[Verdict, ...]


def majority(training: Sequence[SimulatedCase], cases: Sequence[Case]) -> Rival:
    """The most frequent label of natural cases, for every case."""
    label = Counter(simulated.label.verdict for simulated in training).most_common(1)[0][0]
    return Rival("majority", (label,) * len(cases))


def by_rules(cases: Sequence[Case], config: Path = RULES) -> Rival:
    """Rules v1; raises ConfigError when their file is wrong."""
    rules = RulesV1.load(config)
    return Rival("rules v1", tuple(rules.decide(case).verdict for case in cases))


def by_tfidf(
    training: Sequence[SimulatedCase], calibration: Sequence[SimulatedCase], cases: Sequence[Case]
) -> tuple[Rival, Rival]:
    """TF-IDF and logistic regression on narratives: as trained, and calibrated by market."""
    texts = [narrate(simulated.case).text for simulated in training]
    model = TfidfClassifier.fit(texts, [simulated.label.verdict for simulated in training])
    logprobs = _logprobs(model, cases)
    held = _logprobs(model, [simulated.case for simulated in calibration])
    return (
        Rival("TF-IDF + LR", best(logprobs)),
        Rival("TF-IDF + LR, calibrated", best(calibrated_by_market(held, calibration, logprobs, cases))),
    )


def calibrated_by_market(
    held: np.ndarray, calibration: Sequence[SimulatedCase], logprobs: np.ndarray, cases: Sequence[Case]
) -> np.ndarray:
    """`logprobs` [cases, 3] as probabilities, temperature and bias fitted on `held` [calibration, 3] by market.

    A market that the calibration lacks stays as it is.
    """
    result = np.exp(logprobs)
    markets = np.array([case.market for case in cases])
    held_markets = np.array([simulated.case.market for simulated in calibration])
    labels = np.array([VERDICTS.index(simulated.label.verdict) for simulated in calibration])
    for market in np.unique(held_markets):
        chosen = held_markets == market
        temperature, bias = fit_temperature_bias(held[chosen], labels[chosen])
        for index in np.flatnonzero(markets == market):
            result[index] = calibrated(logprobs[index], float(temperature), bias)
    return np.asarray(result)


def best(scores: np.ndarray) -> tuple[Verdict, ...]:
    """The highest-scored verdict of every row [n, 3]."""
    return tuple(VERDICTS[int(index)] for index in scores.argmax(axis=1))


def _logprobs(model: TfidfClassifier, cases: Sequence[Case]) -> np.ndarray:
    probabilities = model.probabilities([narrate(case).text for case in cases])
    return np.asarray(np.log(np.maximum(probabilities, _SMALLEST)))
