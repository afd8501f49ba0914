"""The parts of pre-training: schedule, checkpoint, stream, gradients, documents, tokenizer."""

import pickle
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from cases.errors import ConfigError
from cases.factor import Factor
from cases.market import Markets
from cases.verdict import VERDICTS
from finetune.base_model import new_base
from finetune.batching import Batch
from finetune.corpus import ReadingShards
from finetune.gradients import StepGradients
from finetune.optimiser import PretrainOptimiser, schedule
from finetune.pretrain_checkpoint import Place, load_checkpoint, save_checkpoint
from finetune.recipe import PretrainRecipe
from finetune.shard_stream import PlacedBatch, ShardStream, ShardWorkerError
from finetune.tokenizer_training import train_tokenizer
from prompts.document import label_first_tokens
from prompts.parser import parse_document
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import SPECIAL_TOKENS
from tests.fixtures.tiny_recipe import tiny_recipe, tiny_tokenizer


def number_shard(shard: int) -> list[Batch]:
    """A shard of three batches whose ids tell where they stand."""
    return [Batch(np.full((1, 1), 10 * shard + n), np.ones((1, 1), np.float32), 1, 1) for n in range(3)]


def broken_shard(shard: int) -> list[Batch]:
    """A shard that cannot be made."""
    raise ConfigError(f"no shard {shard}")


def _numbers(placed: Iterator[PlacedBatch], count: int) -> list[int]:
    return [int(one.batch.ids[0, 0]) for one in islice(placed, count)]


def test_the_stream_reads_on_where_a_run_stood() -> None:
    """From any shard and batch on, the stream gives what an unbroken one gives there."""
    with ShardStream(number_shard, shard=0, skip=0) as stream:
        assert _numbers(iter(stream), 7) == [0, 1, 2, 10, 11, 12, 20]
    with ShardStream(number_shard, shard=1, skip=2) as stream:
        assert _numbers(iter(stream), 3) == [12, 20, 21]


def test_a_dead_worker_is_an_error_not_a_hang() -> None:
    """When the worker cannot make a shard, the reader is told."""
    with ShardStream(broken_shard, shard=0, skip=0) as stream, pytest.raises(ShardWorkerError):
        next(iter(stream))


def test_the_rate_rises_holds_and_falls_to_zero() -> None:
    """Warm-up, a level middle, and a linear fall that ends at the last step."""
    recipe = PretrainRecipe(steps=100, warmup_steps=10, decay_share=0.4)
    rates = [schedule(step, recipe) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert set(rates[10:60]) == {1.0}
    assert rates[80] == pytest.approx(0.5)
    assert rates[100] == 0.0


def test_gradients_are_those_of_the_whole_batch(tmp_path: Path, markets: Markets) -> None:
    """Micro-batches on threads give the gradients of one batch, weighted by their loss weights."""
    model = new_base(tiny_recipe(tmp_path), tiny_tokenizer(tmp_path, markets))
    rng = np.random.default_rng(0)
    whole = Batch(rng.integers(6, 300, (6, 20)), rng.random((6, 20)).astype(np.float32), 120, 120)
    whole.weights[:, 0] = 0.0
    parts = [Batch(whole.ids[at : at + 2], whole.weights[at : at + 2], 40, 40) for at in (0, 2, 4)]
    with StepGradients(model, bfloat16=False) as gradients:
        loss = gradients.compute([whole])
        expected = [weight.grad.clone() for weight in model.parameters()]
        assert gradients.compute(parts) == pytest.approx(loss, rel=1e-5)
        again = [weight.grad.clone() for weight in model.parameters()]
        gradients.compute(parts)
    for one, other, weight in zip(expected, again, model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)
        assert torch.equal(other, weight.grad), "the order of threads must not matter"


def test_a_checkpoint_brings_everything_back(tmp_path: Path, markets: Markets) -> None:
    """Weights, optimiser state and place are as they were; without a file the run begins anew."""
    recipe = tiny_recipe(tmp_path)
    assert recipe.pretrain is not None
    tokenizer = tiny_tokenizer(tmp_path, markets)
    model = new_base(recipe, tokenizer)
    optimiser = PretrainOptimiser(model, recipe.pretrain)
    assert load_checkpoint(tmp_path / "c.pt", model, optimiser) == Place()
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)
    optimiser.step(1)
    save_checkpoint(tmp_path / "c.pt", model, optimiser, Place(step=1, shard=0, batch=2, tokens=9))
    other = new_base(recipe, tokenizer)
    other_optimiser = PretrainOptimiser(other, recipe.pretrain)
    assert load_checkpoint(tmp_path / "c.pt", other, other_optimiser) == Place(
        step=1, shard=0, batch=2, tokens=9
    )
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)
        one.grad, two.grad = torch.ones_like(one), torch.ones_like(two)
    optimiser.step(2)
    other_optimiser.step(2)
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))


def _texts(batches: list[Batch], tokenizer: PromptTokenizer) -> list[tuple[str, str]]:
    """Of every document its whole text, and the part that carries loss."""
    rows = [row for batch in batches for row in zip(batch.ids, batch.weights, strict=True)]
    return [
        (tokenizer.decode(ids.tolist()), tokenizer.decode(ids[weights > 0].tolist())) for ids, weights in rows
    ]


def test_the_corpus_shows_no_verdict_beside_a_case(tmp_path: Path, markets: Markets) -> None:
    """A label or a factor is taught only in whole output documents that stand alone; a shard is the same twice."""
    recipe = tiny_recipe(tmp_path)
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer", markets)
    shards = ReadingShards(
        recipe, (tmp_path / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"), markets
    )
    batches = shards(3)
    texts = _texts(batches, tokenizer)
    assert len(texts) == (12 + 4) + 20 + 5 + 5  # cases and those of pairs, primers, single lines, strays
    strays = [(whole, taught) for whole, taught in texts if "Any document." in whole]
    assert len(strays) == 5
    for whole, taught in strays:
        assert not any(sign in whole for sign in ("Case:", "market ", "cancelled now"))
        parse_document("<verdict>" + taught.partition("<|eot_id|>")[0])
    banned = [
        *(factor.value for factor in Factor),
        *(f"<verdict>{verdict}" for verdict in VERDICTS),
        "not_induced",
    ]
    others = [taught for whole, taught in texts if "Any document." not in whole]
    assert [word for word in banned for text in others if word in text] == []
    again = pickle.loads(pickle.dumps(ReadingShards(recipe, shards._tokenizer_json, markets)))(3)  # noqa: S301 - our own bytes
    assert all(np.array_equal(one.ids, two.ids) for one, two in zip(batches, again, strict=True))


def test_the_tokenizer_has_llamas_special_tokens_and_distinct_labels(
    tmp_path: Path, markets: Markets
) -> None:
    """Special tokens exist but no text yields one; the labels' first tokens differ."""
    tokenizer = tiny_tokenizer(tmp_path, markets)
    ids = {tokenizer.special_id(token) for token in SPECIAL_TOKENS}
    assert len(ids) == len(SPECIAL_TOKENS)
    assert not ids & set(tokenizer.encode_text("".join(SPECIAL_TOKENS)))
    assert len(set(label_first_tokens(tokenizer).values())) == 3


def test_a_tokenizer_that_cannot_tell_the_labels_apart_is_refused(tmp_path: Path) -> None:
    """Trained on text without the labels, two labels begin with the same token, and training says so."""
    with pytest.raises(ConfigError, match="not distinct"):
        train_tokenizer(["zzz " * 50], 270, tmp_path)
