"""From a base and an adapter to the folder that is served, with its manifest and card.

Takes: a run's base and adapter, and where they come from. Gives: `models/<name>/` as below. Does not: train, or
overwrite a folder that is not a model's.

    merged/        config.json, model.safetensors (bfloat16), tokenizer and generation files: what vLLM serves
    adapter/       the LoRA adapter by itself (for a recipe with serve = "adapter" this is what is served)
    tokenizer/     only with serve = "adapter": the base's tokenizer.json, which the service needs without the base
    manifest.json  sha256 of every file, parents, seeds, commit, versions
    README.md      the model card
"""

import shutil
from pathlib import Path
from typing import Any, Final

import torch
from peft import PeftModel
from transformers import GenerationConfig

from cases.errors import ConfigError, ModelFileError
from finetune.base_model import load_base, tokenizer_file
from finetune.lora import REPORT, TrainReport
from finetune.manifest import MANIFEST_NAME, Manifest, Origin, file_sha256, write_manifest
from finetune.model_card import write_card
from finetune.pretrain import BASE_REPORT, PretrainReport
from finetune.recipe import Recipe
from finetune.sources import LabelledSource
from finetune.workspace import Workspace, require
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import BEGIN_OF_TEXT, END_OF_TURN, PADDING

MERGED: Final = "merged"
ADAPTER: Final = "adapter"
TOKENIZER: Final = "tokenizer"
_ADAPTER_FILES: Final = ("adapter_config.json", "adapter_model.safetensors")
_TOKENIZER_FILES: Final = ("tokenizer.json", "tokenizer_config.json")


def merge(source: LabelledSource, space: Workspace, folder: Path) -> Manifest:
    """Write the model's folder and return its manifest; an earlier model of this name is replaced.

    Raises ConfigError when training has not finished, or `folder` holds something that is no model.
    """
    recipe = source.recipe
    require(space.adapter / _ADAPTER_FILES[1], "train")
    _clear(folder)
    (folder / ADAPTER).mkdir(parents=True)
    for name in _ADAPTER_FILES:
        shutil.copyfile(space.adapter / name, folder / ADAPTER / name)
    weights = folder / ADAPTER / _ADAPTER_FILES[1]
    if recipe.serve == "merged":
        weights = _write_merged(recipe, space, folder / MERGED)
    else:
        (folder / TOKENIZER).mkdir()
        shutil.copyfile(tokenizer_file(recipe, space.tokenizer), folder / TOKENIZER / "tokenizer.json")
    origin = _origin(source, space)
    write_card(folder, recipe, origin, source.name)
    return write_manifest(folder, origin, weights)


def _clear(folder: Path) -> None:
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / MANIFEST_NAME).exists() and not (folder / ADAPTER).exists():
        raise ConfigError(f"{folder} is not a model's folder; choose another --out")
    shutil.rmtree(folder)


def _write_merged(recipe: Recipe, space: Workspace, target: Path) -> Path:
    model: Any = PeftModel.from_pretrained(load_base(recipe, space.base), str(space.adapter))
    merged = model.merge_and_unload().to(torch.bfloat16)
    merged.config.dtype = torch.bfloat16
    merged.save_pretrained(target, safe_serialization=True)
    for name in _TOKENIZER_FILES:
        shutil.copyfile(space.tokenizer / name, target / name)
    tokenizer = PromptTokenizer.load(target / "tokenizer.json")
    # Greedy: the verdict is read from probabilities, and the same case must get the same document.
    GenerationConfig(
        bos_token_id=tokenizer.special_id(BEGIN_OF_TEXT),
        eos_token_id=tokenizer.special_id(END_OF_TURN),
        pad_token_id=tokenizer.special_id(PADDING),
        do_sample=False,
    ).save_pretrained(target)
    weights = target / "model.safetensors"
    if not weights.exists():
        raise ModelFileError(f"{target}: the merged weights were split into several files")
    return weights


def _origin(source: LabelledSource, space: Workspace) -> Origin:
    recipe = source.recipe
    template = load_template(recipe.data.prompt_version)
    trained = TrainReport.model_validate_json((space.train / REPORT).read_text(encoding="utf-8"))
    base_report = space.pretrain / BASE_REPORT
    base_tokens = 0
    if base_report.exists():
        base_tokens = PretrainReport.model_validate_json(base_report.read_text(encoding="utf-8")).tokens
    return Origin(
        name=recipe.model,
        recipe=recipe.name,
        recipe_sha256=recipe.sha256(),
        seed=recipe.seed,
        prompt_version=template.version,
        prompt_sha256=template.sha256,
        markets=recipe.data.markets,
        parents=_parents(recipe, space),
        base_tokens_seen=base_tokens,
        adapter_tokens_seen=trained.tokens,
        adapter_examples_seen=trained.examples,
        data_sha256=source.sha256(),
    )


def _parents(recipe: Recipe, space: Workspace) -> dict[str, str]:
    if recipe.base.checkpoint is not None:
        return {"base": f"{recipe.base.checkpoint}@{recipe.base.revision or 'main'}"}
    return {
        "base": file_sha256(space.base / "model.safetensors"),
        "tokenizer": file_sha256(space.tokenizer / "tokenizer.json"),
    }
