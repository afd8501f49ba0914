"""Every stage of fine-tuning on a model of a few thousand parameters, through the command line, killed and resumed."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from cases.errors import ConfigError, ModelFileError
from cases.market import Markets
from cases.verdict import VERDICTS
from cli.finetune import app
from finetune.corpus import ReadingShards
from finetune.examples import ExampleMaker
from finetune.label_forward import label_logprobs
from finetune.lora import ALL_LINEAR, LoraTraining
from finetune.manifest import verify_manifest
from finetune.pretrain import Pretraining
from finetune.progress import read_rows
from finetune.recipe import Recipe, load_recipe
from finetune.sources import LabelledSource
from finetune.stages import Stages
from finetune.workspace import Workspace
from prompts.document import label_first_tokens
from prompts.tokenizer import PromptTokenizer
from serving.model_files import Unmerged, load_model_card
from tests.fixtures.tiny_recipe import tiny_recipe, untrained_base, write_recipe
from tests.unit.test_finetune_user_data import row


def no_meter(done: int, note: str) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Made:
    """A finished run: where it worked, and the model's folder."""

    space: Workspace
    folder: Path
    output: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Made:
    """One whole run of `verdict finetune all` with the tiny recipe."""
    home = tmp_path_factory.mktemp("finetune")
    recipe = write_recipe(home)
    arguments = ["all", "--recipe", str(recipe), "--work", str(home / "run"), "--out", str(home / "model")]
    done = CliRunner().invoke(app, [*arguments, "--markets", str(root / "config" / "markets")])
    assert done.exit_code == 0, done.output
    return Made(Workspace(home / "run"), home / "model", done.stderr)


def test_a_run_makes_a_model_that_serves(made: Made) -> None:
    """All stages leave a bfloat16 checkpoint with tokenizer, generation settings, adapter, calibration and card."""
    manifest = verify_manifest(made.folder)
    merged = {f"merged/{n}.json" for n in ("config", "tokenizer", "tokenizer_config", "generation_config")}
    adapter = {"adapter/adapter_config.json", "adapter/adapter_model.safetensors"}
    assert set(manifest.files) == {
        *merged,
        *adapter,
        "merged/model.safetensors",
        "calibration.json",
        "README.md",
    }
    assert {t.dtype for t in load_file(made.folder / "merged" / "model.safetensors").values()} == {
        torch.bfloat16
    }
    tokenizer = PromptTokenizer.load(made.folder / "merged" / "tokenizer.json")
    generation = json.loads((made.folder / "merged" / "generation_config.json").read_text(encoding="utf-8"))
    assert generation["eos_token_id"] == tokenizer.special_id("<|eot_id|>")
    assert len(label_first_tokens(tokenizer)) == len(VERDICTS)


def test_origin_and_calibration_name_the_model(made: Made) -> None:
    """Manifest and calibration agree on the model, and the card states the tokens seen."""
    manifest = verify_manifest(made.folder)
    calibration = json.loads((made.folder / "calibration.json").read_text(encoding="utf-8"))
    assert calibration["model_sha256"] == manifest.model_sha256
    assert (calibration["format"], calibration["route"], calibration["prompt_version"]) == (1, "llm", "v1")
    assert set(calibration["markets"]) == {"SG"}
    assert calibration["markets"]["SG"]["n"] == 60
    assert manifest.origin.adapter_examples_seen == 24
    assert f"{manifest.origin.base_tokens_seen:,}" in (made.folder / "README.md").read_text(encoding="utf-8")


def test_progress_and_results_are_told_on_standard_error(made: Made) -> None:
    """Each stage says what it made; losses are logged and drawn."""
    for word in ("tokenizer:", "bits a byte", "train: 24 examples", "merge:", "calibrate SG:"):
        assert word in made.output
    assert [row.step for row in read_rows(made.space.pretrain / "loss.jsonl")] == [2, 4, 6]
    assert (made.space.pretrain / "loss.png").stat().st_size > 0
    assert (made.space.train / "loss.png").stat().st_size > 0


def test_a_changed_byte_in_the_model_is_noticed(made: Made, tmp_path: Path) -> None:
    """One other byte in the weights raises ModelFileError naming the file."""
    copy = shutil.copytree(made.folder, tmp_path / "copy")
    weights = bytearray((copy / "merged" / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "merged" / "model.safetensors").write_bytes(weights)
    with pytest.raises(ModelFileError, match=r"merged/model\.safetensors was changed"):
        verify_manifest(copy)


def test_finished_stages_are_passed_over_on_resume(made: Made, root: Path) -> None:
    """With --resume a finished stage does nothing and says so."""
    common = [
        "--recipe",
        str(made.space.root.parent / "tiny.toml"),
        "--work",
        str(made.space.root),
        "--resume",
    ]
    for stage in ("tokenizer", "pretrain", "train"):
        done = CliRunner().invoke(app, [stage, *common, "--markets", str(root / "config" / "markets")])
        assert (done.exit_code, "done before" in done.stderr) == (0, True)


def test_label_logprobs_do_not_depend_on_the_batch(made: Made, markets: Markets) -> None:
    """Padded batches give the probabilities that each prompt has alone."""
    recipe = load_recipe(made.space.root.parent / "tiny.toml")
    tokenizer = PromptTokenizer.load(made.folder / "merged" / "tokenizer.json")
    maker = ExampleMaker("v1", tokenizer, markets)
    prompts = [maker.prompt(case) for case in LabelledSource(recipe, markets).training()][:5]
    model = AutoModelForCausalLM.from_pretrained(str(made.folder / "merged"), dtype=torch.float32)
    together = label_logprobs(model, prompts, tokenizer, 5, no_meter)
    alone = label_logprobs(model, prompts, tokenizer, 1, no_meter)
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert (np.exp(together).sum(axis=1) <= 1.0 + 1e-6).all()


def _pretraining(recipe: Recipe, space: Workspace, markets: Markets, tokenizer_json: str) -> Pretraining:
    shards = ReadingShards(recipe, tokenizer_json, markets)
    return Pretraining(recipe, space, PromptTokenizer(tokenizer_json), shards)


def test_pretraining_resumed_equals_pretraining_unbroken(
    tmp_path: Path, markets: Markets, made: Made
) -> None:
    """Stopped after 3 of 6 steps and resumed, the base has the same weights, tokens and losses as without a stop."""
    recipe = tiny_recipe(tmp_path)
    tokenizer_json = (made.space.tokenizer / "tokenizer.json").read_text(encoding="utf-8")
    broken = Workspace(tmp_path / "broken")
    _pretraining(recipe, broken, markets, tokenizer_json).run(no_meter, stop_after_steps=3)
    second = _pretraining(recipe, broken, markets, tokenizer_json)
    assert second.resume() == 3
    report = second.run(no_meter)
    assert (report.steps, second.place.step) == (6, 6)
    one = load_file(broken.base / "model.safetensors")
    other = load_file(made.space.base / "model.safetensors")
    assert all(torch.equal(one[name], other[name]) for name in other)
    assert report.bits_per_byte_after < report.bits_per_byte_before


def _lora(recipe: Recipe, space: Workspace, markets: Markets, tokenizer: PromptTokenizer) -> LoraTraining:
    maker = ExampleMaker("v1", tokenizer, markets)
    return LoraTraining(recipe, space, list(maker.examples(LabelledSource(recipe, markets).training())))


def test_fine_tuning_resumed_equals_fine_tuning_unbroken(tmp_path: Path, markets: Markets) -> None:
    """Killed after 3 of 6 steps and resumed, the adapter is the same: same steps, same order, same weights."""
    recipe = tiny_recipe(tmp_path)
    adapters = []
    for name, stops in (("whole", (None,)), ("broken", (3, None))):
        space = Workspace(tmp_path / name)
        tokenizer = untrained_base(recipe, space, markets)
        for stop in stops:
            run = _lora(recipe, space, markets, tokenizer)
            model = AutoModelForCausalLM.from_pretrained(str(space.base))
            report = run.run(model, str(space.tokenizer), no_meter, resume=stop is None, stop_after=stop)
            assert report.steps == (stop or 6)
        assert report.examples == 24
        assert sorted(run.order) == list(range(24))
        assert [row.step for row in read_rows(space.train / "loss.jsonl")] == [1, 2, 3, 4, 5, 6]
        adapters.append(load_file(space.adapter / "adapter_model.safetensors"))
    whole, broken = adapters
    assert all(torch.equal(whole[name], broken[name]) for name in whole)


def _own_data(path: Path) -> Path:
    rows = [row(number) for number in range(60)]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def test_a_users_data_takes_the_simulators_place(
    tmp_path: Path, made: Made, root: Path, markets: Markets
) -> None:
    """With --data the adapter is trained on the file's cases, and manifest and card name the file."""
    data = _own_data(tmp_path / "own.jsonl")
    space, recipe = Workspace(tmp_path / "run"), write_recipe(tmp_path)
    shutil.copytree(made.space.tokenizer, space.tokenizer)
    shutil.copytree(made.space.base, space.base)
    common = ["--recipe", str(recipe), "--work", str(space.root), "--data", str(data)]
    common += ["--markets", str(root / "config" / "markets")]
    for stage in (["train"], ["merge", "--out", str(tmp_path / "model")]):
        done = CliRunner().invoke(app, [stage[0], *common, *stage[1:]])
        assert done.exit_code == 0, done.output
    manifest = verify_manifest(tmp_path / "model")
    source = LabelledSource(load_recipe(recipe), markets, data)
    assert manifest.origin.data_sha256 == source.sha256()
    assert manifest.origin.adapter_examples_seen == len(list(source.training())) < 60
    assert "own.jsonl" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def _large_recipe_over_tiny(root: Path, checkpoint: Path, **lora: Any) -> Recipe:
    """The 8B recipe as shipped, its checkpoint a tiny random Llama, with fewer cases."""
    recipe = load_recipe(root / "config" / "recipes" / "llama-3.1-8b.toml")
    small = {"train_cases_per_market": 8, "calibration_cases_per_market": 50, "markets": ("SG",)}
    return recipe.model_copy(
        update={
            "base": recipe.base.model_copy(update={"checkpoint": str(checkpoint)}),
            "data": recipe.data.model_copy(update=small),
            "lora": recipe.lora.model_copy(update=lora),
        }
    )


def test_the_8b_recipe_trains_an_adapter_to_be_served(tmp_path: Path, root: Path, markets: Markets) -> None:
    """The large recipe's path (bf16, checkpointing, accumulation) runs from a checkpoint to a calibrated adapter."""
    tiny = Workspace(tmp_path / "tiny")
    untrained_base(tiny_recipe(tmp_path), tiny, markets)
    for file in tiny.tokenizer.iterdir():
        shutil.copyfile(file, tiny.base / file.name)
    recipe = _large_recipe_over_tiny(root, tiny.base, rank=4)
    stages = Stages(
        LabelledSource(recipe, markets), Workspace(tmp_path / "run"), tmp_path / "model", resume=False
    )
    told = [
        line
        for stage in ("tokenizer", "pretrain", "train", "merge", "calibrate")
        for line in stages.run(stage)
    ]
    assert told[0] == "tokenizer: the base brings its own"
    manifest = verify_manifest(tmp_path / "model")
    assert "merged/model.safetensors" not in manifest.files
    assert manifest.model_sha256 == manifest.files["adapter/adapter_model.safetensors"]
    assert manifest.origin.parents == {"base": f"{tiny.base}@main"}
    served = load_model_card(tmp_path / "model", prompt_version=recipe.data.prompt_version)
    assert served.tokenizer_json.read_bytes() == (tiny.base / "tokenizer.json").read_bytes()
    assert served.unmerged == Unmerged(tmp_path / "model" / "adapter", 4, str(tiny.base), "main")
    assert set(served.calibrations) == {"SG"}
    adapter = json.loads((tmp_path / "model" / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert set(adapter["target_modules"]) == set(ALL_LINEAR)


def test_four_bit_without_its_package_or_gpu_is_told(tmp_path: Path, root: Path, markets: Markets) -> None:
    """Where bitsandbytes or a GPU is missing, four_bit = true is refused with what to do."""
    tiny = Workspace(tmp_path / "tiny")
    untrained_base(tiny_recipe(tmp_path), tiny, markets)
    for file in tiny.tokenizer.iterdir():
        shutil.copyfile(file, tiny.base / file.name)
    recipe = _large_recipe_over_tiny(root, tiny.base, four_bit=True)
    stages = Stages(
        LabelledSource(recipe, markets), Workspace(tmp_path / "run"), tmp_path / "model", resume=False
    )
    with pytest.raises(ConfigError, match="four_bit"):
        list(stages.run("train"))


def test_a_stage_without_its_parent_says_which_to_run(tmp_path: Path, root: Path) -> None:
    """Training without a base, and merging without an adapter, exit with 1 and name the stage that is missing."""
    common = ["--recipe", str(write_recipe(tmp_path)), "--work", str(tmp_path / "run")]
    common += ["--markets", str(root / "config" / "markets")]
    for stage, missing in (("train", "verdict finetune tokenizer"), ("merge", "verdict finetune train")):
        extra = ["--out", str(tmp_path / "model")] if stage == "merge" else []
        done = CliRunner().invoke(app, [stage, *common, *extra])
        assert done.exit_code == 1
        assert missing in " ".join(done.stderr.split())
