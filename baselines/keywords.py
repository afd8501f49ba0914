"""The legacy keyword classifier: fixed phrase weights, no grammar, no context.

Takes: texts and a table of phrase weights. Gives: the highest score that one text reaches.
Does not: know negation beyond the phrases that carry a negative weight, correct spelling, or translate.
"""

import re
from collections.abc import Mapping, Sequence

_NOT_A_WORD = re.compile(r"[^\w']+")


class KeywordScorer:
    """One class of phrases. A text scores the sum of the weights of the phrases in it, each counted once."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = tuple((_needle(phrase), weight) for phrase, weight in weights.items())

    def highest(self, plain_texts: Sequence[str]) -> float:
        """The highest score of any text, 0 for none; `plain_texts` come from `plain`."""
        # Most phrases occur nowhere: looking once through everything spares a look through every text.
        everything = "\n".join(plain_texts)
        present = [(needle, weight) for needle, weight in self._weights if needle in everything]
        if not present:
            return 0.0
        scores = (sum(weight for needle, weight in present if needle in text) for text in plain_texts)
        return max(0.0, *scores) if len(plain_texts) > 1 else max(0.0, next(scores, 0.0))


def plain(text: str) -> str:
    """Lower case, words parted by one space, a space at either end."""
    return f" {_NOT_A_WORD.sub(' ', text.replace('’', chr(39)).casefold()).strip()} "


def _needle(phrase: str) -> str:
    """A phrase of whole words; one in a script without spaces may stand inside a longer run."""
    whole = plain(phrase)
    return whole.strip() if any("\u3040" <= char <= "\u9fff" for char in whole) else whole
