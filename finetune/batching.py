"""Batches of documents of like length: no padding worth speaking of, and no document sees another.

Takes: token ids of documents, or their lengths. Gives: padded arrays, and the order in which examples are read.
Does not: know what the documents say. Everything is a pure function of its arguments and a seed, which is what makes a
resumed run read the same data in the same order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class WeightedDocument:
    """Token ids, and for each the loss weight of predicting it (the first is never predicted)."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    text_bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` int64 [rows, tokens], right-padded; `weights` float32 of the same shape, 0 on padding."""

    ids: np.ndarray
    weights: np.ndarray
    tokens: int
    text_bytes: int


def batches_of(
    documents: Sequence[WeightedDocument], tokens_per_batch: int, padding_id: int, seed: int
) -> list[Batch]:
    """All `documents` in batches of at most `tokens_per_batch` padded tokens (one document at least), shuffled."""
    rng = np.random.default_rng(seed)
    order = sorted(rng.permutation(len(documents)), key=lambda index: len(documents[index].ids))
    groups: list[list[WeightedDocument]] = [[]]
    for index in order:
        document = documents[index]
        if groups[-1] and (len(groups[-1]) + 1) * len(document.ids) > tokens_per_batch:
            groups.append([])
        groups[-1].append(document)
    batches = [_padded(group, padding_id) for group in groups if group]
    return [batches[index] for index in rng.permutation(len(batches))]


def _padded(documents: Sequence[WeightedDocument], padding_id: int) -> Batch:
    width = max(len(document.ids) for document in documents)
    ids = np.full((len(documents), width), padding_id, dtype=np.int64)
    weights = np.zeros((len(documents), width), dtype=np.float32)
    for row, document in enumerate(documents):
        ids[row, : len(document.ids)] = document.ids
        weights[row, : len(document.ids)] = document.weights
    weights[:, 0] = 0.0
    return Batch(ids, weights, sum(len(d.ids) for d in documents), sum(d.text_bytes for d in documents))


def length_grouped_order(lengths: Sequence[int], batch_size: int, epochs: int, seed: int) -> list[int]:
    """The indices 0..n-1, `epochs` times over, such that every `batch_size` in a row are of like length.

    Within an epoch the examples are shuffled, sorted by length in windows of 32 batches, and the batches shuffled.
    The incomplete batch of an epoch stays last in it.
    """
    order: list[int] = []
    window = batch_size * 32
    for epoch in range(epochs):
        rng = np.random.default_rng((seed, epoch))
        shuffled = rng.permutation(len(lengths)).tolist()
        batches: list[list[int]] = []
        for start in range(0, len(shuffled), window):
            ranked = sorted(shuffled[start : start + window], key=lambda index: -lengths[index])
            batches += [ranked[at : at + batch_size] for at in range(0, len(ranked), batch_size)]
        whole = [batch for batch in batches if len(batch) == batch_size]
        rest = [index for batch in batches if len(batch) < batch_size for index in batch]
        order += [index for at in rng.permutation(len(whole)) for index in whole[at]]
        order += rest
    return order
