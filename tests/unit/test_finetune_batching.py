"""Batches and orders: everything once, of like length, the same for the same seed."""

from hypothesis import given
from hypothesis import strategies as st

from finetune.batching import WeightedDocument, batches_of, length_grouped_order

lengths = st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=80)
seeds = st.integers(min_value=0, max_value=2**32 - 1)


def _document(number: int, length: int) -> WeightedDocument:
    return WeightedDocument((number + 1,) * length, (1.0,) * length, length)


@given(lengths, seeds)
def test_batches_hold_every_document_once(sizes: list[int], seed: int) -> None:
    """No document is lost, doubled or cut, and no batch is over its budget unless one document is."""
    batches = batches_of([_document(n, size) for n, size in enumerate(sizes)], 64, 0, seed)
    rows = [[token for token in row.tolist() if token] for batch in batches for row in batch.ids]
    assert sorted(rows) == sorted([n + 1] * size for n, size in enumerate(sizes))
    assert all(batch.ids.size <= 64 or len(batch.ids) == 1 for batch in batches)
    assert sum(batch.tokens for batch in batches) == sum(sizes)


@given(lengths, seeds)
def test_padding_and_first_tokens_weigh_nothing(sizes: list[int], seed: int) -> None:
    """Weights are 0 on padding and on the first token, which nothing predicts."""
    for batch in batches_of([_document(n, size) for n, size in enumerate(sizes)], 64, 0, seed):
        assert (batch.weights[batch.ids == 0] == 0).all()
        assert (batch.weights[:, 0] == 0).all()


@given(lengths, st.integers(1, 9), st.integers(1, 3), seeds)
def test_every_epoch_reads_every_example_once(
    sizes: list[int], batch_size: int, epochs: int, seed: int
) -> None:
    """The order is a permutation an epoch, and the same again for the same seed."""
    order = length_grouped_order(sizes, batch_size, epochs, seed)
    for epoch in range(epochs):
        part = order[epoch * len(sizes) : (epoch + 1) * len(sizes)]
        assert sorted(part) == list(range(len(sizes)))
    assert order == length_grouped_order(sizes, batch_size, epochs, seed)


def test_batches_are_of_like_length() -> None:
    """In 400 examples of two lengths hardly a batch mixes them."""
    sizes = [10, 500] * 200
    order = length_grouped_order(sizes, 8, 1, 5)
    mixed = sum(len({sizes[i] for i in order[at : at + 8]}) > 1 for at in range(0, 400, 8))
    assert mixed <= 2
