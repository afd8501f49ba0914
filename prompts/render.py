r"""From a case's narrative to the token ids of the prompt.

Takes: a narrative, its market, exemplars and a template. Gives: ids in Llama 3's chat layout, and what was cut.
Does not: ask an engine, or keep state outside the renderer object.

    <|begin_of_text|> system: policy and label guide            \ static: the same ids for every case of a market,
    user: market notes                                          / so the engine's prefix cache holds them
          exemplars, best first
          the case
    assistant: <verdict>

Every piece is encoded by itself, special tokens are placed by id only, so no text can move a boundary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.errors import ConfigError
from cases.factor import Factor
from cases.market import MarketConfig
from cases.narrative import Narrative
from cases.verdict import Verdict
from prompts.document import VERDICT_OPEN
from prompts.fit import fit_narrative
from prompts.template import PromptTemplate
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import BEGIN_OF_TEXT, END_HEADER, END_OF_TURN, START_HEADER


@dataclass(frozen=True, slots=True)
class Budgets:
    """Most tokens of each part; raises ConfigError when they do not fit into the model's context together."""

    static_tokens: int = 400
    exemplars_tokens: int = 1200
    exemplar_tokens: int = 120
    case_tokens: int = 700
    document_tokens: int = 650
    model_len_tokens: int = 3072
    closing_tokens: int = 32  # the end of the user's turn, the assistant's header and the opening tag
    long_line_tokens: int = 120

    def __post_init__(self) -> None:
        parts = (
            self.static_tokens,
            self.exemplars_tokens,
            self.case_tokens,
            self.document_tokens,
            self.closing_tokens,
        )
        if sum(parts) > self.model_len_tokens:
            raise ConfigError(
                f"the prompt's budgets add up to {sum(parts)} of {self.model_len_tokens} tokens"
            )


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A past labelled case; `narrative` comes from `cases.narrative.narrate`, as the case's own does."""

    narrative: Narrative
    verdict: Verdict
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """`ids` is the whole prompt; the counts are parts of it; `cuts` are sentences for the decision's warnings."""

    ids: list[int]
    static_tokens: int
    exemplars_tokens: int
    case_tokens: int
    cuts: tuple[str, ...]


class PromptRenderer:
    """Renders prompts of one template and tokenizer; keeps the ids of the static pieces, one entry a market."""

    def __init__(
        self, template: PromptTemplate, tokenizer: PromptTokenizer, budgets: Budgets | None = None
    ) -> None:
        """Raises ConfigError when the system text or the closing is over its budget with this tokenizer."""
        self._template = template
        self._tokenizer = tokenizer
        self._budgets = budgets or Budgets()
        end_of_turn = tokenizer.special_id(END_OF_TURN)
        self._opening = [
            tokenizer.special_id(BEGIN_OF_TEXT),
            *self._header("system"),
            *tokenizer.encode_text(template.system),
            end_of_turn,
            *self._header("user"),
        ]
        self._closing = [end_of_turn, *self._header("assistant"), *tokenizer.encode_text(VERDICT_OPEN)]
        self._exemplars_heading = tokenizer.encode_text(template.exemplars + "\n")
        self._case_heading = tokenizer.encode_text(template.case + "\n")
        self._static: dict[MarketConfig, tuple[list[int], tuple[str, ...]]] = {}
        self._check_budgets()

    def render(
        self, narrative: Narrative, market: MarketConfig, exemplars: Sequence[Exemplar] = ()
    ) -> RenderedPrompt:
        """The prompt of one case, ending inside the assistant's turn with `<verdict>`; exemplars are best first."""
        static, static_cuts = self._static_part(market)
        examples, example_cuts = self._exemplar_part(exemplars)
        budget = self._budgets.case_tokens - len(self._case_heading)
        case = fit_narrative(narrative, self._tokenizer, budget, self._budgets.long_line_tokens)
        return RenderedPrompt(
            ids=[*static, *examples, *self._case_heading, *case.ids, *self._closing],
            static_tokens=len(static),
            exemplars_tokens=len(examples),
            case_tokens=len(self._case_heading) + len(case.ids),
            cuts=(*static_cuts, *example_cuts, *case.cuts),
        )

    def _header(self, role: str) -> list[int]:
        text = self._tokenizer.encode_text
        return [
            self._tokenizer.special_id(START_HEADER),
            *text(role),
            self._tokenizer.special_id(END_HEADER),
            *text("\n\n"),
        ]

    def _check_budgets(self) -> None:
        budgets = self._budgets
        parts = (
            ("system text", len(self._opening), budgets.static_tokens),
            ("closing", len(self._closing), budgets.closing_tokens),
        )
        for name, tokens, budget_tokens in parts:
            if tokens > budget_tokens:
                version = self._template.version
                raise ConfigError(
                    f"prompt {version}: its {name} is {tokens} tokens; the budget is {budget_tokens}"
                )

    def _static_part(self, market: MarketConfig) -> tuple[list[int], tuple[str, ...]]:
        if market not in self._static:
            text = self._template.market.format(
                code=market.code, name=market.name, notes=market.notes
            ).strip()
            ids = self._tokenizer.encode_text(text + "\n")
            room = self._budgets.static_tokens - len(self._opening)
            cuts: tuple[str, ...] = ()
            if len(ids) > room:
                ids, _ = self._tokenizer.encode_ends(text + "\n", room, 0)
                cuts = (f"prompt budget: the notes of market {market.code} were shortened",)
            self._static[market] = ([*self._opening, *ids], cuts)
        return self._static[market]

    def _exemplar_part(self, exemplars: Sequence[Exemplar]) -> tuple[list[int], tuple[str, ...]]:
        if not exemplars:
            return [], ()
        ids = list(self._exemplars_heading)
        used = shortened = 0
        for exemplar in exemplars:
            piece, was_cut = self._exemplar(exemplar)
            if len(ids) + len(piece) > self._budgets.exemplars_tokens:
                break
            ids += piece
            used += 1
            shortened += was_cut
        cuts = []
        if used < len(exemplars):
            cuts.append(f"prompt budget: {len(exemplars) - used} of {len(exemplars)} exemplars left out")
        if shortened:
            cuts.append(f"prompt budget: {shortened} of {used} exemplars shortened")
        return (ids if used else []), tuple(cuts)

    def _exemplar(self, exemplar: Exemplar) -> tuple[list[int], bool]:
        """A past case, the end of its story kept, and its label; with whether its story was shortened."""
        factors = ", ".join(factor.value for factor in exemplar.factors)
        label = self._template.exemplar_label.format(verdict=exemplar.verdict.value, factors=f"({factors})")
        label_ids = self._tokenizer.encode_text(label + "\n")
        story = Narrative(head=(), timeline=exemplar.narrative.timeline, tail=exemplar.narrative.tail)
        room = max(self._budgets.exemplar_tokens - len(label_ids), 0)
        fitted = fit_narrative(story, self._tokenizer, room, max(room // 2, 1))
        return [*fitted.ids, *label_ids], bool(fitted.cuts)


def render_prompt(
    narrative: Narrative,
    market: MarketConfig,
    template: PromptTemplate,
    tokenizer: PromptTokenizer,
    budgets: Budgets | None = None,
    exemplars: Sequence[Exemplar] = (),
) -> RenderedPrompt:
    """One prompt without a renderer to keep; who renders many keeps a `PromptRenderer`."""
    return PromptRenderer(template, tokenizer, budgets).render(narrative, market, exemplars)
