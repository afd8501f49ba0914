"""The model card: what the model is, what it has seen, how it was made, what it must not be used for.

Takes: a recipe and an origin. Gives: `README.md` in the model's folder. Does not: claim quality; reports do.
"""

from pathlib import Path
from typing import Final

from finetune.manifest import Origin
from finetune.recipe import Architecture, Recipe

CARD_NAME: Final = "README.md"

_CARD: Final = """# {name}

Reads one cancelled marketplace order and writes a verdict (`induced`, `not_induced` or `inconclusive`), its decision
factors and a short reasoning, for the prompt version `{prompt_version}` and the markets {markets}.

| | |
|---|---|
| architecture | {architecture} |
| base | {base} |
| base tokens seen | {base_tokens:,} |
| fine-tuning | LoRA of rank {rank} on all linear layers |
| loss | on the document only; the label's first token counts {label_weight:g} times |
| fine-tuning examples and tokens seen | {examples:,} and {adapter_tokens:,} |
| data | {data} |
| seed | {seed} |
| served as | {serve} |

## How it was made

    {command}

Every stage can be run by itself and resumed: see `verdict finetune --help`. Parents, versions and the sha256 of every
file stand in `manifest.json`.

## Limits

{limits}
- Its probabilities mean something only after `verdict finetune calibrate`, in the markets of `calibration.json`.
- It is a second pair of eyes for reviewers; no money should depend on it without measured precision on real labels.
"""

_DEMO_LIMITS: Final = """- A demonstration: a few million parameters, taught on simulated cases only.
- It has never seen a real chat, and knows no language beyond the wordings of the simulator's packs. Production
  fine-tunes a large model with the same command.
- Markets that it was not trained on are answered with a warning."""
_LARGE_LIMITS: Final = (
    "- The licence of the base model applies. Markets that it was not trained on are answered with a warning."
)


def write_card(folder: Path, recipe: Recipe, origin: Origin, data_name: str) -> None:
    """Write the card into `folder`; `data_name` says in words what the model was fine-tuned on."""
    own = recipe.base.kind == "pretrain"
    text = _CARD.format(
        name=origin.name,
        prompt_version=origin.prompt_version,
        markets=", ".join(origin.markets),
        architecture=_architecture(recipe.base.architecture),
        base="pre-trained by this recipe from nothing, on simulated chats without their labels"
        if own
        else recipe.base.checkpoint,
        base_tokens=origin.base_tokens_seen,
        rank=recipe.lora.rank,
        label_weight=recipe.lora.label_weight,
        examples=origin.adapter_examples_seen,
        adapter_tokens=origin.adapter_tokens_seen,
        data=data_name,
        seed=origin.seed,
        serve="merged bfloat16 checkpoint (`merged/`)"
        if recipe.serve == "merged"
        else "adapter (`adapter/`, `--enable-lora`)",
        command=f"verdict finetune all --recipe config/recipes/{recipe.name}.toml",
        limits=_DEMO_LIMITS if own else _LARGE_LIMITS,
    )
    (folder / CARD_NAME).write_text(text, encoding="utf-8")


def _architecture(shape: Architecture | None) -> str:
    if shape is None:
        return "that of its base"
    return (
        f"Llama: {shape.layers} layers, hidden {shape.hidden_size}, {shape.heads} heads of {shape.head_dim} "
        f"({shape.kv_heads} for keys and values), context {shape.max_position_tokens} tokens, tied embeddings"
    )
