"""Does a simulated case give its label away by something that says nothing of what happened?

Takes: `Probed` lines and cases. Gives: an AUROC a probe, with a 95 % interval; 0.5 is no leak.
Does not: forgive: what a probe finds, any model will find too.

Two kinds of probes. *Within an act*: among lines of one market that do the same act, does the wording chosen, the text
typed, or its length tell the label? AUROC is computed inside each act and averaged, so that the acts themselves, which
must tell the label, do not count. *Of the record*: ids, and times of day, within each market. The label is binary here:
induced or not. Every score comes from a model that has not seen the case (lines) or the seller (cases).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from eval.studies.probes import Lines, Probed, groups
from eval.studies.trees import boosted
from metrics.auroc import stratified_auroc

FOLDS: Final = 4
_FEWEST: Final = 40  # lines of an act, of either label, below which it is not probed


@dataclass(frozen=True, slots=True)
class Leak:
    """One probe's finding: AUROC with its 95 % interval, over `n` cases or lines."""

    probe: str
    auroc: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a scorer sees: texts, wordings, labels, by place."""

    wording: np.ndarray
    text: np.ndarray
    induced: np.ndarray


Scorer = Callable[[_Rows, np.ndarray, np.ndarray], np.ndarray]
"""(rows, training places, tested places) to scores of the tested ones."""


def leaks(found: Probed) -> tuple[Leak, ...]:
    """All probes."""
    cases = found.cases
    induced, market = np.array(cases.induced), np.array(cases.market)
    ids = np.array(cases.ids, dtype=object)
    times = np.array(cases.times)

    def by_ids(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        return _linear(ids[train], induced[train], ids[test], (1, 3))

    def by_times(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        return _boosted(times[train], induced[train], times[test])

    seller = groups(cases.seller)
    return (
        _within_acts("wording chosen", found.lines, _by_wording),
        _within_acts("text typed", found.lines, _by_text),
        _within_acts("length of the line", found.lines, _by_length),
        _of_record("ids", by_ids, induced, seller, market),
        _of_record("times of day", by_times, induced, seller, market),
    )


def _within_acts(probe: str, lines: Lines, scorer: Scorer) -> Leak:
    """Out-of-fold scores, each act apart; AUROC within acts."""
    stratum, case = np.array(lines.stratum), np.array(lines.case)
    rows = _Rows(
        np.array(lines.wording, dtype=object), np.array(lines.text, dtype=object), np.array(lines.induced)
    )
    scores = np.full(len(stratum), np.nan)
    for name in np.unique(stratum):
        places = np.flatnonzero(stratum == name)
        induced = int(rows.induced[places].sum())
        if min(induced, len(places) - induced) < _FEWEST:
            continue
        for train, test in GroupKFold(FOLDS).split(places, groups=case[places]):
            if 0 < rows.induced[places[train]].sum() < len(train):
                scores[places[test]] = scorer(rows, places[train], places[test])
    kept = np.flatnonzero(~np.isnan(scores))
    value = stratified_auroc(scores[kept], rows.induced[kept], stratum[kept])
    return Leak(probe, value.auroc, value.low, value.high, len(kept))


def _of_record(
    probe: str,
    scorer: Callable[[np.ndarray, np.ndarray], np.ndarray],
    induced: np.ndarray,
    seller: np.ndarray,
    market: np.ndarray,
) -> Leak:
    scores = np.empty(len(induced))
    for train, test in GroupKFold(FOLDS).split(induced, groups=seller):
        scores[test] = scorer(train, test)
    value = stratified_auroc(scores, induced, market)
    return Leak(probe, value.auroc, value.low, value.high, len(scores))


def _by_wording(rows: _Rows, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The training share of induced lines with the same wording, shrunk towards the act's."""
    prior = float(rows.induced[train].mean())
    seen: dict[str, tuple[int, int]] = {}
    for row in train:
        hits, total = seen.get(rows.wording[row], (0, 0))
        seen[rows.wording[row]] = (hits + int(rows.induced[row]), total + 1)
    counts = (seen.get(rows.wording[row], (0, 0)) for row in test)
    return np.array([(hits + 10.0 * prior) / (total + 10.0) for hits, total in counts])


def _by_text(rows: _Rows, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    return _linear(rows.text[train], rows.induced[train], rows.text[test], (1, 4))


def _by_length(rows: _Rows, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    lengths = np.array([[float(len(text))] for text in rows.text[np.concatenate([train, test])]])
    return _boosted(lengths[: len(train)], rows.induced[train], lengths[len(train) :])


def _linear(train: np.ndarray, induced: np.ndarray, test: np.ndarray, ngrams: tuple[int, int]) -> np.ndarray:
    vectoriser = TfidfVectorizer(analyzer="char", ngram_range=ngrams, min_df=3, sublinear_tf=True)
    model = LogisticRegression(C=1.0, max_iter=300).fit(vectoriser.fit_transform(train), induced)
    return np.asarray(model.predict_proba(vectoriser.transform(test))[:, 1])


def _boosted(train: np.ndarray, induced: np.ndarray, test: np.ndarray) -> np.ndarray:
    return boosted(train, induced, test, trees=60, rate=0.05)[:, 1]
