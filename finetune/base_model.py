"""The base models: a small Llama made from nothing, or a checkpoint that is loaded.

Takes: a recipe. Gives: a `LlamaForCausalLM` (or any causal model of transformers) ready to train.
Does not: train. Weights of a new model depend on the recipe's seed alone.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM

from cases.errors import ConfigError
from finetune.recipe import Recipe
from finetune.workspace import require
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import BEGIN_OF_TEXT, END_OF_TURN, PADDING

_SMALL_ATTENTION: Final = "eager"
"""Of the bases made here: on a CPU, at most 1,000 tokens a row, 1.06 to 1.12 times the tokens/s of sdpa."""


def new_base(recipe: Recipe, tokenizer: PromptTokenizer) -> Any:
    """A `LlamaForCausalLM` in float32 with fresh weights; raises ConfigError when the recipe loads a checkpoint."""
    shape = recipe.base.architecture
    if shape is None:
        raise ConfigError(f"recipe {recipe.name}: its base is a checkpoint, there is nothing to pre-train")
    config = LlamaConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=shape.hidden_size,
        intermediate_size=shape.intermediate_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        max_position_embeddings=shape.max_position_tokens,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        tie_word_embeddings=True,
        bos_token_id=tokenizer.special_id(BEGIN_OF_TEXT),
        eos_token_id=tokenizer.special_id(END_OF_TURN),
        pad_token_id=tokenizer.special_id(PADDING),
        attn_implementation=_SMALL_ATTENTION,
    )
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(config)


def load_base(recipe: Recipe, folder: Path) -> Any:
    """The model that an adapter is trained on: `folder` if the recipe pre-trains, else the recipe's checkpoint.

    Raises ConfigError when 4-bit weights are asked for and bitsandbytes or a GPU is missing.
    """
    source = str(folder) if recipe.base.checkpoint is None else recipe.base.checkpoint
    options: dict[str, Any] = {**revision_of(recipe)}
    if recipe.lora.four_bit:
        options["quantization_config"] = _four_bit()
        options["device_map"] = {"": int(os.environ.get("LOCAL_RANK", "0"))}  # each process its own GPU
    # A small float32 base keeps its precision under autocast; a large one is held in the recipe's precision.
    own = recipe.base.kind == "pretrain"
    dtype = torch.float32 if own else getattr(torch, recipe.precision)
    attention = _SMALL_ATTENTION if own else "sdpa"
    return AutoModelForCausalLM.from_pretrained(source, dtype=dtype, attn_implementation=attention, **options)


def revision_of(recipe: Recipe) -> dict[str, str]:
    """The keyword that pins a hub's checkpoint, for `from_pretrained`; nothing where the recipe names no revision."""
    return {"revision": recipe.base.revision} if recipe.base.revision else {}


def _four_bit() -> Any:
    if find_spec("bitsandbytes") is None:
        raise ConfigError(
            "lora.four_bit needs bitsandbytes: `pip install bitsandbytes`, or set four_bit = false"
        )
    if not torch.cuda.is_available():
        raise ConfigError("lora.four_bit needs a CUDA GPU; set four_bit = false")
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_quant_storage=torch.bfloat16,  # FSDP shards only floating-point storage
    )


def save_model(model: Any, folder: Path) -> None:
    """Write weights and configuration; a folder with `config.json` is complete, because that is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    model.save_pretrained(folder, safe_serialization=True)


def tokenizer_folder(recipe: Recipe, trained: Path) -> str:
    """The folder or hub name to load the tokenizer from: `trained` if the recipe trains one."""
    return str(trained) if recipe.base.checkpoint is None else recipe.base.checkpoint


def tokenizer_file(recipe: Recipe, trained: Path) -> Path:
    """The `tokenizer.json` of the base; of a hub name, from the local cache, fetched when it is not there.

    Raises ConfigError when there is none.
    """
    folder = Path(tokenizer_folder(recipe, trained))
    if recipe.base.checkpoint is None or folder.is_dir():
        return require(folder / "tokenizer.json", "tokenizer")
    try:
        return Path(hf_hub_download(str(folder), "tokenizer.json", revision=recipe.base.revision))
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise ConfigError(
            f"{folder}: no tokenizer.json, neither in the cache nor on the hub: {error}"
        ) from error
