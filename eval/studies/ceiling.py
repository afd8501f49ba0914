"""How well could anybody do on simulated cases, and what is each group of signals worth?

Takes: `Signals` to learn from and to be measured on. Gives: the verdict probabilities of models that see different
parts of a case. Does not: train a language model.

    text      the chat's words (linear)
    numbers   the 68 features (boosted trees)
    both      the features, and what a text model says that has not seen the case (stacked on folds): the lower bound
    acts      the uttered acts instead of the words, with the features: the upper bound
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import KFold

from cases.verdict import VERDICTS
from eval.studies.signals import Signals
from eval.studies.trees import boosted

_FOLDS: Final = 3
_TREES: Final = 250


@dataclass(frozen=True, slots=True)
class View:
    """One model's verdict probabilities for the measured cases, [n, 3] in the order of `VERDICTS`."""

    name: str
    probabilities: np.ndarray


def views(
    training: Signals, measured: Signals, tell: Callable[[str], None] = lambda _: None
) -> tuple[View, ...]:
    """All four views, each trained on `training` only; `training` must hold every label."""
    by_text = _linear(training.text, training.labels).predict_proba(measured.text)
    tell("text")
    by_numbers = _boosted(training.numbers, training.labels, measured.numbers)
    tell("numbers")
    said = _out_of_fold(training.text, training.labels)
    both = _boosted(
        np.hstack([training.numbers, said]), training.labels, np.hstack([measured.numbers, by_text])
    )
    tell("both")
    acts = _boosted(
        np.hstack([training.numbers, training.acts]),
        training.labels,
        np.hstack([measured.numbers, measured.acts]),
    )
    tell("acts")
    return (View("text", by_text), View("numbers", by_numbers), View("both", both), View("acts", acts))


def _linear(text: csr_matrix, labels: np.ndarray) -> SGDClassifier:
    return SGDClassifier(
        loss="log_loss", alpha=1e-6, max_iter=8, tol=None, average=True, random_state=0, n_jobs=-1
    ).fit(text, labels)


def _boosted(table: np.ndarray, labels: np.ndarray, measured: np.ndarray) -> np.ndarray:
    return boosted(table, labels, measured, trees=_TREES, rate=0.1, leaves=63)


def _out_of_fold(text: csr_matrix, labels: np.ndarray) -> np.ndarray:
    """What the text model says of each training case when it has not seen it, [n, 3]."""
    said = np.empty((len(labels), len(VERDICTS)), dtype=np.float32)
    for train, test in KFold(_FOLDS, shuffle=True, random_state=0).split(labels):
        said[test] = _linear(text[train], labels[train]).predict_proba(text[test])
    return said
