"""Which wordings of a pack are their own, and which differ from another by little more than case, a slot or an emoji.

Takes: wordings. Gives: pairs of near twins. Does not: judge what a wording does.

Two wordings are near twins when the Jaccard similarity of their token sets is 0.7 or more, after slots, case, digits'
neighbours, punctuation and emoji are gone. Scripts without spaces between words are read as character pairs. Prefix
filtering (Chaudhuri, Ganti and Kaushik, 2006) spares comparing every wording with every other.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from marketplace.packs import SLOT

NEAR: Final = Fraction(7, 10)
_UNSPACED: Final = re.compile(r"[\u0e00-\u0e7f\u3400-\u9fff]")


def tokens(wording: str) -> frozenset[str]:
    """The wording's tokens: words, or character pairs where the script has no spaces."""
    plain = SLOT.sub(" ", wording).casefold()
    kept = "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in plain)
    found: set[str] = set()
    for word in kept.split():
        if _UNSPACED.search(word):
            found.update(word[start : start + 2] for start in range(max(1, len(word) - 1)))
        else:
            found.add(word)
    return frozenset(found)


def near_twins(wordings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every pair of near twins, the later one first; wordings without tokens (emoji alone) are compared as they are."""
    sets = [tokens(wording) for wording in wordings]
    frequency = Counter(token for found in sets for token in found)
    by_token: dict[str, list[int]] = defaultdict(list)
    bare: dict[str, int] = {}
    for place, found in enumerate(sets):
        if not found:
            if wordings[place] in bare:
                yield wordings[place], wordings[bare[wordings[place]]]
            bare[wordings[place]] = place
            continue
        rarest_first = sorted(found, key=lambda token: (frequency[token], token))
        prefix = rarest_first[: len(found) - math.ceil(NEAR * len(found)) + 1]
        for other in sorted({other for token in prefix for other in by_token[token]}):
            if Fraction(len(found & sets[other]), len(found | sets[other])) >= NEAR:
                yield wordings[place], wordings[other]
        for token in prefix:
            by_token[token].append(place)


def distinct(wordings: Sequence[str]) -> int:
    """How many wordings are left when of every pair of near twins the later one goes."""
    return len(wordings) - len({later for later, _ in near_twins(wordings)})
