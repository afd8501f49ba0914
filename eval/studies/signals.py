"""What a model may see of a case, as tables: the words, the numbers, the acts; made case by case, in constant memory.

Takes: simulated cases, one at a time. Gives: `Signals`. Does not: keep a case, or learn anything.

    text      the chat's words, each marked with its sender: hashed character n-grams, sparse
    numbers   the 68 features
    acts      the uttered acts: how often, in which place first, hours before the cancellation last
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import HashingVectorizer

from cases.case import Case, Sender
from cases.features import compute_features
from cases.market import load_markets
from cases.verdict import VERDICTS
from marketplace.acts import Act
from marketplace.processes import spread
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase, simulate

_CHUNK: Final = 1_000
_ACTS: Final = {act: place for place, act in enumerate(Act)}
_NEVER: Final = -1.0
_HASHED: Final = 2**18
_MARKS: Final = {Sender.BUYER: "b", Sender.SELLER: "s"}


@dataclass(frozen=True, slots=True)
class Signals:
    """`n` cases: `text` sparse [n, 2^18], `numbers` [n, 68], `acts` [n, 3 x acts], `labels` [n], `markets` [n]."""

    text: csr_matrix
    numbers: np.ndarray
    acts: np.ndarray
    labels: np.ndarray
    markets: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def signals_of(cases: Iterable[SimulatedCase]) -> Signals:
    """The tables of these cases. Raises ValueError when there are none."""
    rest = iter(cases)
    parts = []
    while chunk := list(islice(rest, _CHUNK)):
        parts.append(_part(chunk))
    return joined(parts)


def joined(parts: Sequence[Signals]) -> Signals:
    """Several sets of cases as one, in order. Raises ValueError when there is none."""
    return Signals(
        text=csr_matrix(vstack([part.text for part in parts], format="csr", dtype=np.float32)),
        numbers=np.concatenate([part.numbers for part in parts]),
        acts=np.concatenate([part.acts for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        markets=np.concatenate([part.markets for part in parts]),
    )


def simulated_signals(
    jobs: Sequence[SimulationSettings], markets_dir: Path, processes: int
) -> Iterator[Signals]:
    """The tables of every job's cases, in the order of the jobs; several processes simulate."""
    numbered = [(settings, markets_dir, place) for place, settings in enumerate(jobs)]
    done = {place: signals for (_, _, place), signals in spread(_simulated, numbered, processes)}
    return (done[place] for place in range(len(jobs)))


def _simulated(settings: SimulationSettings, markets_dir: Path, _place: int) -> Signals:
    return signals_of(simulate(settings, load_markets(markets_dir)))


def _part(cases: Sequence[SimulatedCase]) -> Signals:
    vectoriser = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), n_features=_HASHED, alternate_sign=False, dtype=np.float32
    )
    return Signals(
        text=vectoriser.transform(chat_words(case.case) for case in cases),
        numbers=np.stack([compute_features(case.case) for case in cases]).astype(np.float32),
        acts=_acts(cases),
        labels=np.array([VERDICTS.index(case.label.verdict) for case in cases], dtype=np.int8),
        markets=np.array([case.case.market for case in cases]),
    )


def chat_words(case: Case) -> str:
    """The chat's lines, every word marked with its sender."""
    lines = ((_MARKS.get(m.sender) if m.sender else None, m.text) for m in case.chat or ())
    return "\n".join(
        " ".join(f"{mark}_{word}" for word in text.casefold().split())
        for mark, text in lines
        if mark and text
    )


def _acts(cases: Sequence[SimulatedCase]) -> np.ndarray:
    count = len(_ACTS)
    table = np.full((len(cases), 3 * count), _NEVER, dtype=np.float32)
    table[:, :count] = 0.0
    for row, case in enumerate(cases):
        end = case.case.order.cancelled_at
        for order, uttered in enumerate(case.acts):
            place = _ACTS[uttered.act]
            table[row, place] += 1.0
            if table[row, count + place] == _NEVER:
                table[row, count + place] = order
            table[row, 2 * count + place] = (end - uttered.at).total_seconds() / 3600.0
    return table
