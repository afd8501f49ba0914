"""TF-IDF and logistic regression: the plain text classifier that a language model has to beat.

Takes: narratives and their labels. Gives: P(verdict) for new narratives.
Does not: read the numeric features, calibrate, or store a model (it trains in seconds).

Two views of a text, side by side: character n-grams inside words (they survive typos and slang) and words and
word pairs. Term counts are dampened to 1 + log(tf) and weighted by smoothed idf; each view is scaled to length 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from cases.errors import ConfigError
from cases.verdict import VERDICTS, Verdict


@dataclass(frozen=True, slots=True)
class TfidfSettings:
    """Sizes of the two views and the regression; `inverse_penalty` is scikit-learn's C."""

    char_ngrams: tuple[int, int] = (2, 5)
    word_ngrams: tuple[int, int] = (1, 2)
    max_char_terms: int = 100_000
    max_word_terms: int = 50_000
    min_texts: int = 2
    inverse_penalty: float = 4.0
    max_iterations: int = 1_000


class TfidfClassifier:
    """A fitted classifier; make one with `fit`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._columns = [VERDICTS.index(Verdict(name)) for name in pipeline.classes_]

    @classmethod
    def fit(
        cls, texts: Sequence[str], verdicts: Sequence[Verdict], settings: TfidfSettings | None = None
    ) -> Self:
        """Train on one narrative and one label a case.

        Raises ConfigError when the lengths differ or fewer than two different verdicts are given.
        """
        if len(texts) != len(verdicts):
            raise ConfigError(f"{len(texts)} texts, but {len(verdicts)} verdicts")
        if len(set(verdicts)) < 2:
            raise ConfigError("a classifier needs cases of two verdicts at least")
        pipeline = _pipeline(settings or TfidfSettings())
        pipeline.fit(list(texts), [verdict.value for verdict in verdicts])
        return cls(pipeline)

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """P(verdict), an array [texts, 3] in the order of `VERDICTS`; 0 for a verdict never seen in training."""
        spread = np.zeros((len(texts), len(VERDICTS)))
        if texts:
            spread[:, self._columns] = self._pipeline.predict_proba(list(texts))
        return spread

    def predict(self, texts: Sequence[str]) -> tuple[Verdict, ...]:
        """The most probable verdict of each text."""
        return tuple(VERDICTS[int(best)] for best in self.probabilities(texts).argmax(axis=1))


def _pipeline(settings: TfidfSettings) -> Pipeline:
    characters = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=settings.char_ngrams,
        max_features=settings.max_char_terms,
        min_df=settings.min_texts,
        sublinear_tf=True,
        dtype=np.float32,
    )
    words = TfidfVectorizer(
        ngram_range=settings.word_ngrams,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106 - a pattern of words, not a secret
        max_features=settings.max_word_terms,
        min_df=settings.min_texts,
        sublinear_tf=True,
        dtype=np.float32,
    )
    regression = LogisticRegression(C=settings.inverse_penalty, max_iter=settings.max_iterations)
    return make_pipeline(make_union(characters, words), regression)
