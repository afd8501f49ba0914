"""How far simulated chats are from chats that people wrote: by language, in figures, and by a classifier's eye.

Takes: simulated cases and hand-written ones. Gives: `Realism` a language. Does not: say what would be close enough.

A classifier sees one line at a time, simulated or hand-written, as many of either, and is measured on lines of cases
that it has not seen: an AUC of 0.5 says that it cannot tell them apart, 1 that a line gives its maker away.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from cases.case import Case, Sender
from metrics.auroc import Auroc, stratified_auroc

_FOLDS: Final = 5
_FEWEST_LINES: Final = 60
_VOCABULARY_AT: Final = 400  # running words: how many different ones are among the first so many
_WORD: Final = re.compile(r"\w+")
_ENGLISH: Final = frozenset(
    (
        "the",
        "you",
        "your",
        "can",
        "order",
        "cancel",
        "ship",
        "please",
        "thanks",
        "sorry",
        "wait",
        "ok",
        "still",
        "not",
    )
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What chats look like. Shares are in [0, 1]; `different_words` is None where there are too few words."""

    cases: int
    lines: int
    lines_a_case: float
    characters_a_line: float
    characters_p90: float
    emoji: float
    mixed: float
    different_words: int | None


@dataclass(frozen=True, slots=True)
class Realism:
    """One language: both shapes, and how well a classifier tells a line of one from a line of the other."""

    language: str
    simulated: Shape
    written: Shape
    told_apart: Auroc | None


def realism(simulated: Sequence[Case], written: Sequence[Case], seed: int = 0) -> tuple[Realism, ...]:
    """Every language of the hand-written cases' markets; a case's language is its market's."""
    markets = sorted({case.market for case in written})
    found = []
    for market in markets:
        mine = [case for case in simulated if case.market == market]
        theirs = [case for case in written if case.market == market]
        found.append(Realism(market, shape_of(mine), shape_of(theirs), told_apart(mine, theirs, seed)))
    return tuple(found)


def shape_of(cases: Sequence[Case]) -> Shape:
    """The figures of a set of chats; cases without readable lines count as cases only."""
    lines = [text for case in cases for text in _texts(case)]
    lengths = np.array([len(text) for text in lines] or [0])
    return Shape(
        cases=len(cases),
        lines=len(lines),
        lines_a_case=len(lines) / max(1, len(cases)),
        characters_a_line=float(lengths.mean()),
        characters_p90=float(np.percentile(lengths, 90)),
        emoji=sum(map(_has_emoji, lines)) / max(1, len(lines)),
        mixed=sum(map(_is_mixed, lines)) / max(1, len(lines)),
        different_words=_different_words(lines),
    )


def told_apart(simulated: Sequence[Case], written: Sequence[Case], seed: int) -> Auroc | None:
    """How well character n-grams tell lines apart, out of fold by case; None where a side has too few lines."""
    rng = Random(seed)
    sides = [
        [(text, case.case_id) for case in cases for text in _texts(case)] for cases in (simulated, written)
    ]
    count = min(len(side) for side in sides)
    if count < _FEWEST_LINES:
        return None
    rows = [
        (text, case_id, label)
        for label, side in enumerate(sides)
        for text, case_id in rng.sample(side, count)
    ]
    texts, labels = [row[0] for row in rows], np.array([row[2] for row in rows])
    groups = np.unique([row[1] for row in rows], return_inverse=True)[1]
    scores = np.empty(len(rows))
    for train, test in StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed).split(
        texts, labels, groups
    ):
        vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
        features = vectoriser.fit_transform([texts[row] for row in train])
        model = LogisticRegression(C=3.0, max_iter=500).fit(features, labels[train])
        scores[test] = model.predict_proba(vectoriser.transform([texts[row] for row in test]))[:, 1]
    return stratified_auroc(scores, labels, np.zeros(len(rows), dtype=int))


def _texts(case: Case) -> list[str]:
    return [m.text for m in case.chat or () if m.text and m.sender in {Sender.BUYER, Sender.SELLER}]


def _has_emoji(text: str) -> bool:
    return any(unicodedata.category(char) == "So" for char in text)


def _is_mixed(text: str) -> bool:
    """Two scripts in one line, or English words in a line that is not all English words."""
    letters = [char for char in text if char.isalpha()]
    latin = sum(char.isascii() or "LATIN" in unicodedata.name(char, "") for char in letters)
    if 0 < latin < len(letters):
        return True
    words = [word.casefold() for word in _WORD.findall(text)]
    english = sum(word in _ENGLISH for word in words)
    return 0 < english < len(words)


def _different_words(lines: Sequence[str]) -> int | None:
    """Different words among the first `_VOCABULARY_AT`; scripts without spaces count character pairs."""
    words: list[str] = []
    for line in lines:
        for word in _WORD.findall(line.casefold()):
            spaced = word.isascii() or "LATIN" in unicodedata.name(word[0], "")
            words += [word] if spaced else [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        if len(words) >= _VOCABULARY_AT:
            return len(set(words[:_VOCABULARY_AT]))
    return None
