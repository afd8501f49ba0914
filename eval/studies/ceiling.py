"""How well could anybody do on simulated cases, and what is each group of signals worth?

Takes: simulated cases to learn from and to be measured on. Gives: accuracy and macro-F1 of models that see different
parts of a case. Does not: train a language model.

    text      the chat's words (hashed n-grams, linear)
    numbers   the 68 features (boosted trees)
    both      the features, and what the text model says (stacked on folds)
    acts      upper bound: the uttered acts instead of the words, with everything that the record shows

Acts are given with who said them, how often, in which order of first use, and hours before the cancellation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import KFold

from cases.case import Case, Sender
from cases.features import compute_features
from cases.verdict import VERDICTS
from marketplace.acts import Act
from marketplace.simulate import SimulatedCase

_FOLDS: Final = 4
_ACTS: Final = {act: place for place, act in enumerate(Act)}
_NEVER: Final = -1.0


@dataclass(frozen=True, slots=True)
class View:
    """One model's verdict probabilities for the measured cases, [n, 3] in the order of `VERDICTS`."""

    name: str
    probabilities: np.ndarray


def views(training: Sequence[SimulatedCase], measured: Sequence[SimulatedCase]) -> tuple[View, ...]:
    """All four views, each trained on `training` only."""
    labels = _labels(training)
    text, measured_text = _hashed(training), _hashed(measured)
    numbers, measured_numbers = _numbers(training), _numbers(measured)
    said = _out_of_fold(text, labels)
    by_text = _linear(text, labels).predict_proba(measured_text)
    acts = np.hstack([numbers, _acts(training)])
    measured_acts = np.hstack([measured_numbers, _acts(measured)])
    return (
        View("text", by_text),
        View("numbers", _boosted(numbers, labels).predict_proba(measured_numbers)),
        View(
            "both",
            _boosted(np.hstack([numbers, said]), labels).predict_proba(
                np.hstack([measured_numbers, by_text])
            ),
        ),
        View("acts", _boosted(acts, labels).predict_proba(measured_acts)),
    )


def _labels(cases: Sequence[SimulatedCase]) -> np.ndarray:
    return np.array([VERDICTS.index(case.label.verdict) for case in cases])


def _hashed(cases: Sequence[SimulatedCase]) -> csr_matrix:
    """Words and character n-grams of the chat, each line marked with its sender; [n, 2^20]."""
    vectoriser = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), n_features=2**20, alternate_sign=False
    )
    return vectoriser.transform(_chat(case.case) for case in cases)


def _chat(case: Case) -> str:
    marks = {Sender.BUYER: "b", Sender.SELLER: "s"}
    lines = ((marks.get(m.sender) if m.sender else None, m.text) for m in case.chat or ())
    return "\n".join(
        " ".join(f"{mark}_{word}" for word in text.casefold().split())
        for mark, text in lines
        if mark and text
    )


def _numbers(cases: Sequence[SimulatedCase]) -> np.ndarray:
    return np.stack([compute_features(case.case) for case in cases])


def _acts(cases: Sequence[SimulatedCase]) -> np.ndarray:
    """[n, 3 * acts]: how often, in which place first, hours before the cancellation last."""
    table = np.full((len(cases), 3 * len(_ACTS)), _NEVER)
    table[:, : len(_ACTS)] = 0.0
    for row, case in enumerate(cases):
        end = case.case.order.cancelled_at
        for order, uttered in enumerate(case.acts):
            place = _ACTS[uttered.act]
            table[row, place] += 1.0
            if table[row, len(_ACTS) + place] == _NEVER:
                table[row, len(_ACTS) + place] = order
            table[row, 2 * len(_ACTS) + place] = (end - uttered.at).total_seconds() / 3600.0
    return table


def _linear(text: csr_matrix, labels: np.ndarray) -> SGDClassifier:
    return SGDClassifier(
        loss="log_loss", alpha=3e-6, max_iter=12, tol=None, average=True, random_state=0
    ).fit(text, labels)


def _boosted(table: np.ndarray, labels: np.ndarray) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(max_iter=300, learning_rate=0.08, random_state=0).fit(table, labels)


def _out_of_fold(text: csr_matrix, labels: np.ndarray) -> np.ndarray:
    """What the text model says of each training case when it has not seen it, [n, 3]."""
    said = np.empty((len(labels), len(VERDICTS)))
    for train, test in KFold(_FOLDS, shuffle=True, random_state=0).split(labels):
        said[test] = _linear(text[train], labels[train]).predict_proba(text[test])
    return said
