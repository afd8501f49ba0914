"""The losses against sums done by hand, and the trainer's loss against both."""

import math
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, TrainingArguments

from finetune.adapter_trainer import AdapterTrainer, RightPadding, shared_tokens
from finetune.loss import IGNORED, completion_weights, linear_nll, weighted_nll


def _tiny_llama() -> LlamaForCausalLM:
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=50,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    return LlamaForCausalLM(config)


def _inputs() -> dict[str, torch.Tensor]:
    """Three rows that begin with the same 40 tokens, their documents of 3 to 5 tokens."""
    start = torch.randint(0, 50, (40,), generator=torch.Generator().manual_seed(1)).tolist()
    rows = []
    for row, (prompt, document) in enumerate(((2, 5), (4, 3), (1, 4))):
        ids = [*start, *((row * 7 + k) % 50 for k in range(prompt + document))]
        rows.append({"input_ids": ids, "labels": [IGNORED] * (40 + prompt) + ids[40 + prompt :]})
    return RightPadding(49)(rows)


def _trainer(*, share_prefix: bool, label_weight: float) -> AdapterTrainer:
    # The loss needs nothing that SFTTrainer's constructor sets up, bar the model's mode and the counters.
    trainer = AdapterTrainer.__new__(AdapterTrainer)
    trainer.model = _tiny_llama().train()
    trainer._metrics = {"train": {"label_accuracy": [], "token_accuracy": []}, "eval": {}}
    trainer._total_train_tokens = 0
    trainer.use_loss(label_weight=label_weight, share_prefix=share_prefix)
    return trainer


def test_only_the_first_supervised_token_weighs_more() -> None:
    """The label's first token has the label weight, the rest of the document 1, prompt and padding 0."""
    labels = torch.tensor([[IGNORED, IGNORED, 4, 5, IGNORED], [IGNORED, 7, 8, 9, 2]])
    expected = torch.tensor([[0.0, 0.0, 5.0, 1.0, 0.0], [0.0, 5.0, 1.0, 1.0, 1.0]])
    assert torch.equal(completion_weights(labels, 5.0), expected)


def test_weighted_loss_is_the_sum_done_by_hand() -> None:
    """With two tokens and weights 5 and 1 the loss is (5 a + b) / 6 for their surprises a and b."""
    logits = torch.tensor([[[math.log(0.5), math.log(0.25), math.log(0.25)], [0.0, 0.0, 0.0]]])
    labels = torch.tensor([[1, 2]])
    loss = weighted_nll(logits, labels, torch.tensor([[5.0, 1.0]]))
    assert float(loss) == pytest.approx((5 * math.log(4) + math.log(3)) / 6)


def test_linear_loss_has_the_value_and_gradients_of_the_plain_one() -> None:
    """The chunked loss over a projection equals the loss over the full logits, and so do both gradients."""
    torch.manual_seed(0)
    hidden = torch.randn(700, 8, requires_grad=True)
    matrix = torch.randn(20, 8, requires_grad=True)
    targets, weights = torch.randint(0, 20, (700,)), torch.rand(700)
    plain = weighted_nll((hidden @ matrix.T)[None], targets[None], weights[None])
    expected = torch.autograd.grad(plain, (hidden, matrix))
    loss = linear_nll(hidden, matrix, targets, weights)
    found = torch.autograd.grad(3.0 * loss, (hidden, matrix))
    assert float(loss.detach()) == pytest.approx(float(plain.detach()), rel=1e-5)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, 3.0 * other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("share_prefix", [False, True])
def test_the_trainers_loss_is_the_weighted_loss_of_the_documents(share_prefix: bool) -> None:
    """compute_loss equals a sum over the documents' tokens from the model's plain logits, the label's weighing 5."""
    trainer = _trainer(share_prefix=share_prefix, label_weight=5.0)
    inputs = _inputs()
    with torch.no_grad():
        log_probs = trainer.model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        ).logits.log_softmax(-1)
        loss = float(trainer.compute_loss(trainer.model, dict(inputs)))
    surprise, weight = 0.0, 0.0
    for row, labels in enumerate(inputs["labels"].tolist()):
        first = next(place for place, label in enumerate(labels) if label != IGNORED)
        for place, label in enumerate(labels):
            if label != IGNORED:
                counts = 5.0 if place == first else 1.0
                surprise -= counts * float(log_probs[row, place - 1, label])
                weight += counts
    assert loss == pytest.approx(surprise / weight, rel=1e-5)


def test_sharing_the_prefix_changes_no_gradient() -> None:
    """Computing the rows' common start once gives the gradients of computing it for every row."""
    gradients = []
    for share_prefix in (False, True):
        trainer = _trainer(share_prefix=share_prefix, label_weight=5.0)
        trainer.compute_loss(trainer.model, _inputs()).backward()
        gradients.append([weight.grad for weight in trainer.model.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_rows_on_threads_give_the_gradients_of_the_batch() -> None:
    """A batch shared out row by row over threads gives loss and gradients of the whole batch."""
    whole, split = (_trainer(share_prefix=True, label_weight=5.0) for _ in range(2))
    split.rows_per_thread = 1
    split.args = TrainingArguments(output_dir="unused", use_cpu=True, report_to="none")
    loss = whole.compute_loss(whole.model, _inputs())
    loss.backward()
    assert float(split.training_step(split.model, _inputs())) == pytest.approx(float(loss.detach()), rel=1e-5)
    for one, other in zip(whole.model.parameters(), split.model.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)


def test_shared_tokens_counts_the_common_start() -> None:
    """Rows are compared from the left; equal rows share everything."""
    assert shared_tokens(torch.tensor([[1, 2, 3], [1, 2, 4]])) == 2
    assert shared_tokens(torch.tensor([[1, 2], [1, 2]])) == 2


def test_padding_carries_no_loss(tmp_path: Path) -> None:
    """Padded places are IGNORED in the labels and 0 in the mask."""
    batch = RightPadding(9)(
        [{"input_ids": [1, 2], "labels": [IGNORED, 2]}, {"input_ids": [3], "labels": [3]}]
    )
    assert batch["input_ids"].tolist() == [[1, 2], [3, 9]]
    assert batch["labels"].tolist() == [[IGNORED, 2], [3, IGNORED]]
    assert batch["attention_mask"].tolist() == [[1, 1], [1, 0]]
