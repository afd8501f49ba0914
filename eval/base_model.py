"""The base under the adapter, asked the same prompts: what fine-tuning added.

Takes: a model's folder and, if it is still there, the base's own folder. Gives: the base, and the labels'
log-probabilities of prompts by a plain forward pass. Does not: use vLLM.

A clone of the repository holds the merged weights and the adapter but not the base; the base is then the merged
weights less the adapter, which is the same up to the rounding of the merged file (bfloat16).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from transformers import AutoModelForCausalLM

from cases.errors import ModelFileError
from finetune.label_forward import label_logprobs
from finetune.manifest import file_sha256, read_manifest
from prompts.tokenizer import PromptTokenizer

_BATCH: Final = 16
_WEIGHTS: Final = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Base:
    """The model before fine-tuning, and in words where it came from."""

    model: Any
    origin: str


def load_base(model_dir: Path, base_dir: Path | None = None) -> Base:
    """`base_dir` if it holds the very weights that the model's manifest names as its parent, else unmerged.

    Raises ModelFileError when neither can be loaded.
    """
    manifest = read_manifest(model_dir)
    named = manifest.origin.parents.get("base", "")
    if base_dir is not None and (base_dir / _WEIGHTS).is_file() and file_sha256(base_dir / _WEIGHTS) == named:
        model = AutoModelForCausalLM.from_pretrained(str(base_dir), dtype=torch.float32)
        return Base(model.eval(), f"the base's own weights, {named[:12]}")
    return Base(unmerged(model_dir), "the merged weights less the adapter")


def unmerged(model_dir: Path) -> Any:
    """The merged model in float32 with every adapter's contribution taken off again."""
    adapter = model_dir / "adapter"
    if not (adapter / "adapter_config.json").is_file():
        raise ModelFileError(f"{adapter}: there is no adapter to take off")
    merged = AutoModelForCausalLM.from_pretrained(str(model_dir / "merged"), dtype=torch.float32)
    adapted: Any = PeftModel.from_pretrained(merged, str(adapter))
    with torch.no_grad():
        for module in adapted.modules():
            if isinstance(module, LoraLayer):
                module.get_base_layer().weight -= module.get_delta_weight("default").to(torch.float32)
    return adapted.unload().eval()


def base_logprobs(base: Base, prompts: Sequence[Sequence[int]], tokenizer: PromptTokenizer) -> np.ndarray:
    """Float64 [prompts, 3], in the order of `VERDICTS`."""
    return label_logprobs(base.model, prompts, tokenizer, _BATCH, _unseen)


def _unseen(done: int, note: str) -> None:
    """No progress is shown."""
