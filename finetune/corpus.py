"""The pre-training corpus, shard by shard, and the texts that a tokenizer is trained on.

Takes: a recipe, the configured markets and a tokenizer. Gives: shards of batches, each a pure function of the recipe's
seed and the shard's number. Does not: keep a corpus on disk, or write documents (`finetune.reading_documents` does).
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from random import Random
from typing import Final

from cases.case import LabelledCase
from cases.errors import ConfigError
from cases.market import Markets
from cases.narrative import narrate
from cases.verdict import Verdict
from finetune.batching import Batch, batches_of
from finetune.reading_documents import DocumentWriter
from finetune.recipe import PretrainRecipe, Recipe, TokenizerRecipe
from finetune.tokenizer_training import prompt_texts
from marketplace.counterfactual import pairs_of
from marketplace.glosses import GLOSSES
from marketplace.primer import Primer, primers
from marketplace.reading import read_case
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase, World, worlds_of
from prompts.document import document_pieces
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import PADDING

_PAIRS: Final = 0.2  # for every other case: two that differ in one line or event, and so in some answer
_PRIMERS: Final = 1.2  # for every document about a case
_LINE_DOCUMENTS: Final = 0.3
_STRAY_DOCUMENTS: Final = 0.3
_SEED_SPAN: Final = 2**32
_KEPT: Final = {Verdict.INDUCED: 1.0, Verdict.NOT_INDUCED: 0.45, Verdict.INCONCLUSIVE: 1.0}
"""Share of the simulator's natural cases that are read: the many uneventful ones teach less. No label is shown beside
its case."""


class ReadingShards:
    """Makes shards; picklable, so that a worker process can hold one. Call it with a shard's number."""

    def __init__(self, recipe: Recipe, tokenizer_json: str, markets: Markets) -> None:
        if recipe.pretrain is None:
            raise ConfigError(f"recipe {recipe.name} has no [pretrain]")
        self._recipe = recipe
        self._settings: PretrainRecipe = recipe.pretrain
        self._tokenizer_json = tokenizer_json
        self._markets = markets

    def __call__(self, shard: int) -> list[Batch]:
        """The batches of a shard: documents about cases of every market, those of pairs too, lines and strays."""
        rng = Random(f"{self._recipe.seed}/{shard}")
        cases = [case for world in self._worlds for case in self._cases(world, shard, rng)]
        documents = [self._writer.document(simulated, rng) for simulated in cases]
        documents += self._writer.line_documents(cases, round(_LINE_DOCUMENTS * len(cases)), rng)
        documents += self._writer.primer_documents(self._primers(shard, rng), rng)
        documents += self._writer.stray_documents(cases, round(_STRAY_DOCUMENTS * len(cases)), rng)
        padding_id = self._writer.tokenizer.special_id(PADDING)
        return batches_of(
            documents, self._settings.tokens_per_micro_batch, padding_id, rng.randrange(_SEED_SPAN)
        )

    def _cases(self, world: World, shard: int, rng: Random) -> Iterator[SimulatedCase]:
        count = self._settings.cases_per_shard
        yield from islice(_thinned(world, f"reading/{shard}", rng), count)
        for pair in islice(pairs_of(world, f"pairs/{shard}"), round(_PAIRS * count)):
            yield from (pair.original, pair.changed)

    def _primers(self, shard: int, rng: Random) -> Iterator[Primer]:
        count = round(_PRIMERS * self._settings.cases_per_shard * (1.0 + 2.0 * _PAIRS))
        for world in self._worlds:
            yield from islice(primers(world.observed(f"primers/{shard}"), rng), count)

    @cached_property
    def _writer(self) -> DocumentWriter:
        return DocumentWriter(
            tokenizer=PromptTokenizer(self._tokenizer_json),
            template=load_template(self._recipe.data.prompt_version),
            markets=self._markets,
            reading_weight=self._settings.reading_weight,
        )

    @cached_property
    def _worlds(self) -> list[World]:
        return worlds(self._recipe, self._markets)


def worlds(recipe: Recipe, markets: Markets) -> list[World]:
    """The simulated markets of a recipe, with the wordings of training."""
    settings = SimulationSettings(recipe.data.markets, seed=recipe.seed, cases_per_market=1, split="train")
    return list(worlds_of(settings, markets))


def tokenizer_texts(recipe: Recipe, markets: Markets) -> Iterator[str]:
    """What the tokenizer is trained on: prompts, narratives line by line, glosses, and documents piece by piece."""
    settings: TokenizerRecipe | None = recipe.tokenizer
    if settings is None:
        raise ConfigError(f"recipe {recipe.name} has no [tokenizer]")
    yield from prompt_texts(load_template(recipe.data.prompt_version), markets.values())
    yield from GLOSSES.values()
    rng = Random(f"{recipe.seed}/tokenizer")
    for world in worlds(recipe, markets):
        for simulated in islice(_thinned(world, "tokenizer", rng), settings.cases_per_market):
            yield from _texts_of(simulated)


def _texts_of(simulated: SimulatedCase) -> Iterator[str]:
    narrative = narrate(simulated.case)
    entries = (*narrative.head, *(entry.text for entry in narrative.timeline), *narrative.tail)
    yield from (line + "\n" for line in entries)
    for reading in read_case(simulated.case, simulated.acts):
        yield reading.question + ":"
        yield f" {reading.answer}"
    yield from _document_of(simulated.case)


def _document_of(case: LabelledCase) -> tuple[str, ...]:
    label = case.label
    if label is None or label.reasoning is None:
        return ()
    return document_pieces(label.verdict, label.decision_factors, label.reasoning)


def _thinned(world: World, stream: str, rng: Random) -> Iterator[SimulatedCase]:
    for simulated in world.candidates(stream):
        label = simulated.case.label
        if label is not None and rng.random() < _KEPT[label.verdict]:
            yield simulated
