"""The demo model's tokenizer: a byte-level BPE in Llama 3's form, trained on what the model will read and write.

Takes: texts, in the pieces in which they will be encoded. Gives: a folder with `tokenizer.json` and the files that
transformers and vLLM want beside it. Does not: see test wordings or labels of real cases.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from cases.factor import factors_for
from cases.market import MarketConfig
from cases.verdict import VERDICTS
from prompts.document import VERDICT_OPEN, document_pieces, label_first_tokens
from prompts.template import PromptTemplate
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import (
    BEGIN_OF_TEXT,
    END_HEADER,
    END_OF_TURN,
    PADDING,
    PRE_TOKENIZER_PATTERN,
    SPECIAL_TOKENS,
    START_HEADER,
)

_MIN_PAIR_COUNT: Final = 3
_PROMPT_COPIES: Final = 50
"""How often the fixed words of the prompt are shown: enough that each becomes a short run of tokens."""

CHAT_TEMPLATE: Final = (
    "{{ bos_token }}{% for message in messages %}"
    f"{START_HEADER}{{{{ message['role'] }}}}{END_HEADER}\n\n{{{{ message['content'] | trim }}}}{END_OF_TURN}"
    "{% endfor %}{% if add_generation_prompt %}"
    f"{START_HEADER}assistant{END_HEADER}\n\n"
    "{% endif %}"
)


def train_tokenizer(texts: Iterable[str], vocab_size: int, folder: Path) -> PromptTokenizer:
    """Train on `texts` and write the tokenizer into `folder`.

    Raises ConfigError when the labels' first tokens are not distinct, which more documents among `texts` mend.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRE_TOKENIZER_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=_MIN_PAIR_COUNT,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    begin = tokenizer.token_to_id(BEGIN_OF_TEXT)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN_OF_TEXT} $A", pair=f"{BEGIN_OF_TEXT} $A $B", special_tokens=[(BEGIN_OF_TEXT, begin)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "tokenizer_config.json", _tokenizer_config())
    tokenizer.save(str(folder / "tokenizer.json"))
    trained = PromptTokenizer.load(folder / "tokenizer.json")
    label_first_tokens(trained)
    return trained


def prompt_texts(template: PromptTemplate, markets: Iterable[MarketConfig]) -> Iterator[str]:
    """The fixed words of prompts and documents, repeated so that BPE keeps them whole."""
    notes = [
        template.market.format(code=market.code, name=market.name, notes=market.notes) + "\n"
        for market in markets
    ]
    reasoning = "The record is what counts here."
    documents = [
        piece
        for verdict in VERDICTS
        for factor in factors_for(verdict)
        for piece in document_pieces(verdict, (factor,), reasoning)
    ]
    fixed = (
        template.system,
        *notes,
        template.case + "\n",
        template.exemplars + "\n",
        VERDICT_OPEN,
        *documents,
    )
    roles = ("system", "user", "assistant", "\n\n")
    for _ in range(_PROMPT_COPIES):
        yield from fixed
        yield from roles


def _tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN_OF_TEXT,
        "eos_token": END_OF_TURN,
        "pad_token": PADDING,
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
        "chat_template": CHAT_TEMPLATE,
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
