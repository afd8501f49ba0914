"""Does a simulated case give its label away by something that says nothing of what happened?

Takes: simulated cases with their lines as worded. Gives: an AUROC a probe, with a 95 % interval; 0.5 is no leak.
Does not: forgive: what a probe finds, any model will find too.

Two kinds of probes. *Within an act*: among lines that do the same act, does the wording chosen, the text typed, or its
length tell the label? AUROC is computed inside each act and averaged, so that the acts themselves, which must tell the
label, do not count. *Of the record*: ids, and times of day. The label is binary here: induced or not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from cases.verdict import Verdict
from marketplace.simulate import Observed
from metrics.auroc import stratified_auroc

FOLDS: Final = 4
_FEWEST: Final = 40  # lines of an act, of either label, below which it is not probed
_SECONDS_A_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Leak:
    """One probe's finding: AUROC with its 95 % interval, over `n` cases or lines."""

    probe: str
    auroc: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class _Lines:
    """Single-act lines: parallel lists."""

    acts: list[str]
    wordings: list[str]
    texts: list[str]
    induced: np.ndarray
    case: np.ndarray


def leaks(observed: Sequence[Observed]) -> tuple[Leak, ...]:
    """All probes. Folds are by case (of lines) and by seller (of cases)."""
    lines = _lines_of(observed)
    induced = np.array([_induced(one) for one in observed])
    sellers = _groups(
        [one.simulated.case.seller.seller_id if one.simulated.case.seller else None for one in observed]
    )
    return (
        _within_acts("wording chosen", lines, _by_wording),
        _within_acts("text typed", lines, _by_text),
        _within_acts("length of the line", lines, _by_length),
        _of_record("ids", [_ids(one) for one in observed], induced, sellers),
        _of_times("times of day", np.array([_times(one) for one in observed]), induced, sellers),
    )


Scorer = Callable[[_Lines, np.ndarray, np.ndarray], np.ndarray]
"""(lines, training indices, tested indices) to scores of the tested ones."""


def _within_acts(probe: str, lines: _Lines, scorer: Scorer) -> Leak:
    """Out-of-fold scores, each act apart; AUROC within acts."""
    acts = np.array(lines.acts)
    scores = np.full(len(acts), np.nan)
    for act in np.unique(acts):
        rows = np.flatnonzero(acts == act)
        induced = int(lines.induced[rows].sum())
        if min(induced, len(rows) - induced) < _FEWEST:
            continue
        for train, test in GroupKFold(FOLDS).split(rows, groups=lines.case[rows]):
            if 0 < lines.induced[rows[train]].sum() < len(train):
                scores[rows[test]] = scorer(lines, rows[train], rows[test])
    kept = np.flatnonzero(~np.isnan(scores))
    value = stratified_auroc(scores[kept], lines.induced[kept], acts[kept])
    return Leak(probe, value.auroc, value.low, value.high, len(kept))


def _by_wording(lines: _Lines, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The training share of induced lines with the same wording, shrunk towards the act's."""
    prior = float(lines.induced[train].mean())
    seen: dict[str, tuple[int, int]] = {}
    for row in train:
        hits, total = seen.get(lines.wordings[row], (0, 0))
        seen[lines.wordings[row]] = (hits + int(lines.induced[row]), total + 1)
    counts = (seen.get(lines.wordings[row], (0, 0)) for row in test)
    return np.array([(hits + 10.0 * prior) / (total + 10.0) for hits, total in counts])


def _by_text(lines: _Lines, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3, sublinear_tf=True)
    features = vectoriser.fit_transform([lines.texts[row] for row in train])
    model = LogisticRegression(C=1.0, max_iter=300).fit(features, lines.induced[train])
    tested = vectoriser.transform([lines.texts[row] for row in test])
    return np.asarray(model.predict_proba(tested)[:, 1])


def _by_length(lines: _Lines, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    return _boosted(
        np.array([[len(lines.texts[row])] for row in train], dtype=float),
        lines.induced[train],
        np.array([[len(lines.texts[row])] for row in test], dtype=float),
    )


def _of_record(probe: str, texts: Sequence[str], induced: np.ndarray, groups: np.ndarray) -> Leak:
    scores = np.empty(len(texts))
    for train, test in GroupKFold(FOLDS).split(texts, groups=groups):
        vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=5, sublinear_tf=True)
        features = vectoriser.fit_transform([texts[row] for row in train])
        model = LogisticRegression(C=1.0, max_iter=300).fit(features, induced[train])
        scores[test] = model.predict_proba(vectoriser.transform([texts[row] for row in test]))[:, 1]
    return _found(probe, scores, induced)


def _of_times(probe: str, features: np.ndarray, induced: np.ndarray, groups: np.ndarray) -> Leak:
    scores = np.empty(len(features))
    for train, test in GroupKFold(FOLDS).split(features, groups=groups):
        scores[test] = _boosted(features[train], induced[train], features[test])
    return _found(probe, scores, induced)


def _boosted(train: np.ndarray, induced: np.ndarray, test: np.ndarray) -> np.ndarray:
    model = HistGradientBoostingClassifier(max_iter=60, learning_rate=0.05, random_state=0).fit(
        train, induced
    )
    return np.asarray(model.predict_proba(test)[:, 1])


def _found(probe: str, scores: np.ndarray, induced: np.ndarray) -> Leak:
    value = stratified_auroc(scores, induced, np.zeros(len(scores), dtype=int))
    return Leak(probe, value.auroc, value.low, value.high, len(scores))


def _lines_of(observed: Sequence[Observed]) -> _Lines:
    rows = [
        (line.acts[0].value, line.wordings[0], line.text, _induced(one), number)
        for number, one in enumerate(observed)
        for line in one.lines
        if len(line.acts) == len(line.wordings) == 1
    ]
    return _Lines(
        acts=[row[0] for row in rows],
        wordings=[row[1] for row in rows],
        texts=[row[2] for row in rows],
        induced=np.array([row[3] for row in rows]),
        case=np.array([row[4] for row in rows]),
    )


def _ids(one: Observed) -> str:
    """Every id of a case, one after the other."""
    case = one.simulated.case
    seller = case.seller.seller_id if case.seller else None
    buyer = case.buyer.buyer_id if case.buyer else None
    neighbours = " ".join(order.order_id or "" for order in case.concurrent_orders or ())
    return f"{case.case_id} {case.order.order_id} {seller} {buyer} {neighbours}"


def _times(one: Observed) -> list[float]:
    """Seconds modulo a day of the order's moments, and how far a second lies from the full minute."""
    order = one.simulated.case.order
    moments = (order.placed_at, order.cancelled_at, order.promised_ship_at)
    seconds = [float("nan") if at is None else at.timestamp() for at in moments]
    return [second % period for second in seconds for period in (_SECONDS_A_DAY, 60.0)]


def _induced(one: Observed) -> bool:
    return one.simulated.label.verdict is Verdict.INDUCED


def _groups(names: Sequence[str | None]) -> np.ndarray:
    """A number a name; every unknown one is a group of its own."""
    numbers: dict[str, int] = {}
    return np.array(
        [
            len(names) + place if name is None else numbers.setdefault(name, len(numbers))
            for place, name in enumerate(names)
        ]
    )
