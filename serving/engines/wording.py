"""What an engine must know about the document: label tokens, grammars, the token that ends a turn.

Takes: the prompt tokenizer. Gives: a frozen `Wording` for any engine. Does not: talk to an engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cases.verdict import VERDICTS, Verdict
from prompts.document import explain_prefix_ids, label_first_tokens
from prompts.grammar import document_grammar, explanation_grammar
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import END_OF_TURN


@dataclass(frozen=True, slots=True)
class Wording:
    """Token ids and grammars of the output document under one tokenizer.

    `label_tokens`: first token of each label (distinct). `explain_prefixes`: ids between the decide prompt and the
    explanation. Grammars are xgrammar EBNF.
    """

    label_tokens: Mapping[Verdict, int]
    explain_prefixes: Mapping[Verdict, tuple[int, ...]]
    explanation_grammars: Mapping[Verdict, str]
    document_grammar: str
    end_of_turn: int


def wording(tokenizer: PromptTokenizer) -> Wording:
    """The document's wording under `tokenizer`; raises ConfigError when the labels' first tokens are not distinct."""
    return Wording(
        label_tokens=MappingProxyType(label_first_tokens(tokenizer)),
        explain_prefixes=MappingProxyType({v: tuple(explain_prefix_ids(v, tokenizer)) for v in VERDICTS}),
        explanation_grammars=MappingProxyType({v: explanation_grammar(v) for v in VERDICTS}),
        document_grammar=document_grammar(),
        end_of_turn=tokenizer.special_id(END_OF_TURN),
    )
