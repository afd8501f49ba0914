"""The rivals: each answers every case, learns from labels only where it may; the base is the model less its adapter.

Takes: a small simulation, a tiny model with a random adapter. Gives: failures. Does not measure quality.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from cases.errors import ModelFileError
from cases.market import Markets
from cases.verdict import VERDICTS
from eval.base_model import base_logprobs, load_base, unmerged
from eval.rivals import best, by_rules, by_tfidf, calibrated_by_market, majority
from finetune.base_model import new_base
from finetune.manifest import Origin, file_sha256, write_manifest
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase, worlds_of
from tests.fixtures.tiny_recipe import tiny_recipe, tiny_tokenizer


@pytest.fixture(scope="module")
def simulated(markets: Markets) -> list[SimulatedCase]:
    """120 cancelled orders of Singapore, as they come."""
    (world,) = worlds_of(SimulationSettings(("SG",), seed=3, cases_per_market=1), markets)
    return list(islice(world.candidates("shop"), 120))


def test_every_rival_answers_every_case(simulated: list[SimulatedCase]) -> None:
    """Majority says one thing only; rules and both plain classifiers give a verdict a case."""
    training, cases = simulated[:80], [s.case for s in simulated[80:]]
    rivals = [majority(training, cases), by_rules(cases), *by_tfidf(training, training, cases)]
    assert [rival.name for rival in rivals] == [
        "majority",
        "rules v1",
        "TF-IDF + LR",
        "TF-IDF + LR, calibrated",
    ]
    assert [len(rival.verdicts) for rival in rivals] == [40] * 4
    assert len(set(rivals[0].verdicts)) == 1


def test_calibration_leaves_markets_alone_that_it_has_not_seen(simulated: list[SimulatedCase]) -> None:
    """Rows of a calibrated market sum to one and change; those of another market are what they were."""
    rng = np.random.default_rng(2)
    held = np.log(rng.dirichlet((1.0, 1.0, 1.0), len(simulated)))
    abroad = [s.case.model_copy(update={"market": "BR"}) for s in simulated[:5]]
    found = calibrated_by_market(held, simulated, held, [*[s.case for s in simulated[:-5]], *abroad])
    assert np.allclose(found.sum(axis=1), 1.0)
    assert np.allclose(found[-5:], np.exp(held[-5:]))
    assert not np.allclose(found[:-5], np.exp(held[:-5]))


@pytest.fixture(scope="module")
def model_dir(markets: Markets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder as fine-tuning leaves it, and beside it the base that it came from."""
    folder = tmp_path_factory.mktemp("model")
    recipe = tiny_recipe(folder)
    base = new_base(recipe, tiny_tokenizer(folder / "tokenizer", markets))
    base.save_pretrained(folder / "base")
    torch.manual_seed(1)
    adapted: Any = get_peft_model(
        base, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False)
    )
    model = folder / "model"
    adapted.save_pretrained(str(model / "adapter"))
    adapted.merge_and_unload().to(torch.bfloat16).save_pretrained(model / "merged")
    _write_manifest(model, {"base": file_sha256(folder / "base" / "model.safetensors")})
    return model


def _write_manifest(model: Path, parents: dict[str, str]) -> None:
    origin = Origin(
        name="tiny",
        recipe="tiny",
        recipe_sha256="0",
        seed=1,
        prompt_version="v1",
        prompt_sha256="0",
        markets=("SG",),
        parents=parents,
        base_tokens_seen=0,
        adapter_tokens_seen=0,
        adapter_examples_seen=0,
        data_sha256="0",
    )
    write_manifest(model, origin, model / "merged" / "model.safetensors")


def _weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items() if "proj" in name}


def test_the_base_is_the_merged_model_less_its_adapter(model_dir: Path) -> None:
    """Every projection is the base's up to the rounding of the merged file, and far from the merged one."""
    wanted = _weights(
        AutoModelForCausalLM.from_pretrained(str(model_dir.parent / "base"), dtype=torch.float32)
    )
    merged = _weights(AutoModelForCausalLM.from_pretrained(str(model_dir / "merged"), dtype=torch.float32))
    found = _weights(unmerged(model_dir))
    assert found.keys() == wanted.keys()
    away = [float((merged[name] - wanted[name]).abs().max()) for name in wanted]
    left = [float((found[name] - wanted[name]).abs().max()) for name in wanted]
    assert max(left) < 0.02 * max(away)


def test_the_bases_own_weights_are_preferred_if_they_are_the_very_ones(model_dir: Path) -> None:
    """The manifest's parent decides: the named weights are loaded, others are not."""
    own = load_base(model_dir, model_dir.parent / "base")
    assert "own weights" in own.origin
    assert "less the adapter" in load_base(model_dir, model_dir / "merged").origin
    assert "less the adapter" in load_base(model_dir).origin


def test_the_base_answers_in_the_order_of_the_verdicts(model_dir: Path, markets: Markets) -> None:
    """One row of three log-probabilities a prompt, the same whatever else is asked beside it."""
    base = load_base(model_dir, model_dir.parent / "base")
    tokenizer = tiny_tokenizer(model_dir.parent / "tokenizer", markets)
    prompts: Sequence[Sequence[int]] = [tokenizer.encode_text("market SG, language en" * n) for n in (1, 3)]
    both, alone = base_logprobs(base, prompts, tokenizer), base_logprobs(base, prompts[:1], tokenizer)
    assert both.shape == (2, len(VERDICTS))
    assert np.allclose(both[:1], alone, atol=1e-4)
    assert (both < 0).all()
    assert len(best(both)) == 2


def test_without_an_adapter_there_is_nothing_to_take_off(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(ModelFileError, match="adapter"):
        unmerged(tmp_path)
