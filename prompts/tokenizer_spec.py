"""What every tokenizer of this project must look like: Llama 3's special tokens and its pre-tokenizer.

Takes: nothing. Gives: the names and patterns a tokenizer is trained with and checked against.
Does not: load or train one. A trainer reserves `SPECIAL_TOKENS` and nothing else; the document's tags stay ordinary
text. It should see documents in the pieces of `prompts.document.document_pieces`, so that a label standing alone
(not `>induced`) becomes a pre-token and the three labels keep distinct first tokens.
"""

from typing import Final

BEGIN_OF_TEXT: Final = "<|begin_of_text|>"
END_OF_TEXT: Final = "<|end_of_text|>"
START_HEADER: Final = "<|start_header_id|>"
END_HEADER: Final = "<|end_header_id|>"
END_OF_TURN: Final = "<|eot_id|>"
PADDING: Final = "<|finetune_right_pad_id|>"

SPECIAL_TOKENS: Final[tuple[str, ...]] = (
    BEGIN_OF_TEXT,
    END_OF_TEXT,
    START_HEADER,
    END_HEADER,
    END_OF_TURN,
    PADDING,
)

SPECIAL_TOKEN_FORM: Final = r"<\|[a-z0-9_]+\|>"  # noqa: S105 - a pattern, not a password
"""Every added token must have this form; anything else could match inside a case's text or a document's tag."""

PRE_TOKENIZER_PATTERN: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Llama 3's split, followed by a byte-level step without a regex of its own and without a prefix space."""
