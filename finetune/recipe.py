"""One recipe, one TOML file: everything that decides what a training run makes.

Takes: `config/recipes/<name>.toml`. Gives: a frozen, checked `Recipe`. Does not: read data, or know paths of a run
(`finetune.workspace` does). A key that is not written here is refused by name.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cases.errors import ConfigError

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataRecipe(_Section):
    """Labelled cases from the simulator; `--data` takes the place of all but the seed and the prompt version.

    `dialogue_repeats`: how often the hand-written dialogues come, a held-out quarter never.
    """

    markets: tuple[str, ...]
    train_cases_per_market: Count
    calibration_cases_per_market: Count
    hostile_trios_per_market: Annotated[int, Field(ge=0)] = 0
    counterfactual_pairs_per_market: Annotated[int, Field(ge=0)] = 0
    dialogue_repeats: Annotated[int, Field(ge=0)] = 0
    prompt_version: str = "v1"


class TokenizerRecipe(_Section):
    """A byte-level BPE of `vocab_size` entries, special tokens included."""

    vocab_size: Annotated[int, Field(ge=270)]
    cases_per_market: Count


class Architecture(_Section):
    """A `LlamaForCausalLM` with tied embeddings; sizes in elements, `max_position_tokens` in tokens."""

    hidden_size: Count
    layers: Count
    heads: Count
    kv_heads: Count
    head_dim: Count
    intermediate_size: Count
    max_position_tokens: Count = 3072
    rope_theta: Rate = 500_000.0


class BaseRecipe(_Section):
    """Where the base model comes from: pre-trained here from nothing, or a checkpoint (hub name or folder)."""

    kind: Literal["pretrain", "checkpoint"]
    architecture: Architecture | None = None
    checkpoint: str | None = None
    revision: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.kind == "pretrain") != (self.architecture is not None):
            raise ValueError("[base.architecture] belongs to kind = 'pretrain', and only to it")
        if (self.kind == "checkpoint") != (self.checkpoint is not None):
            raise ValueError("base.checkpoint belongs to kind = 'checkpoint', and only to it")
        return self


class PretrainRecipe(_Section):
    """The base's own training. The rate warms up, holds, and falls to zero over the last `decay_share` of the steps.

    `reading_weight` is the loss weight of text that is only read (narratives) against 1 for the answers.
    """

    steps: Count
    micro_batches: Count = 6
    tokens_per_micro_batch: Count = 1024
    cases_per_shard: Count = 400
    matrix_learning_rate: Rate = 4e-3
    vector_learning_rate: Rate = 2e-3
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.05
    warmup_steps: Count = 60
    decay_share: Share = 0.35
    reading_weight: Share = 0.3
    checkpoint_minutes: Rate = 3.0
    log_every_steps: Count = 10


class LoraRecipe(_Section):
    """Adapter training. `label_weight`: loss weight of the label's first token against 1 for every other token.

    For small models on a CPU: `share_prefix` computes the tokens that all rows begin with once, `rows_per_thread`
    shares the rows of a batch out over the cores.
    """

    rank: Count
    alpha: Rate
    dropout: Share = 0.0
    learning_rate: Rate
    warmup_share: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    epochs: Count = 1
    batch_size: Count
    accumulation: Count = 1
    label_weight: Rate = 5.0
    share_prefix: bool = False
    rows_per_thread: Count | None = None
    gradient_checkpointing: bool = False
    four_bit: bool = False
    save_every_steps: Count = 200
    log_every_steps: Count = 10

    @model_validator(mode="after")
    def _compatible(self) -> Self:
        if self.share_prefix and self.gradient_checkpointing:
            raise ValueError("share_prefix keeps what gradient_checkpointing throws away: set one of them")
        return self


class CalibrateRecipe(_Section):
    """How the calibration's forward passes are grouped."""

    batch_size: Count = 16


class Recipe(_Section):
    """A whole recipe: `name` is its file's, `model` its result's; `precision` is that of the passes."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9.\-]+$")]
    model: Annotated[str, Field(pattern=r"^[a-z0-9.\-]+$")]
    seed: int
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    serve: Literal["merged", "adapter"] = "merged"
    data: DataRecipe
    base: BaseRecipe
    tokenizer: TokenizerRecipe | None = None
    pretrain: PretrainRecipe | None = None
    lora: LoraRecipe
    calibrate: CalibrateRecipe = CalibrateRecipe()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        own = self.base.kind == "pretrain"
        if own != (self.tokenizer is not None) or own != (self.pretrain is not None):
            raise ValueError("[tokenizer] and [pretrain] belong to base.kind = 'pretrain', and only to it")
        return self

    def sha256(self) -> str:
        """Of the recipe's meaning (its canonical JSON), for manifests."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe; raises ConfigError naming the file and every bad key."""
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or '(recipe)'}: {e['msg']}" for e in error.errors()
        )
        raise ConfigError(f"{path}: {faults}") from error
    if recipe.name != path.stem:
        raise ConfigError(f"{path}: its name is {recipe.name}; name the file {recipe.name}.toml")
    return recipe
