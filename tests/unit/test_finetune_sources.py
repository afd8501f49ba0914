"""Training cases: as many as announced, with hand-written dialogues but never the held-out ones.

Takes: a tiny recipe of one market. Gives: failures with the ids that should not be there.
"""

from pathlib import Path

from cases.market import Markets
from finetune.sources import LabelledSource
from marketplace.dialogues import dialogues_of
from tests.fixtures.tiny_recipe import tiny_recipe


def test_training_has_what_the_recipe_counts(tmp_path: Path, markets: Markets) -> None:
    """Simulated cases, both sides of trios and pairs, and every dialogue of training as often as asked."""
    recipe = tiny_recipe(tmp_path)
    data = recipe.data.model_copy(
        update={
            "train_cases_per_market": 6,
            "hostile_trios_per_market": 2,
            "counterfactual_pairs_per_market": 2,
            "dialogue_repeats": 2,
        }
    )
    source = LabelledSource(recipe.model_copy(update={"data": data}), markets)
    ids = [case.case_id for case in source.training()]
    assert len(ids) == source.training_count()
    taught = [dialogue.case.case_id for dialogue in dialogues_of(data.markets, held_out=False)]
    assert all(ids.count(case_id) == 2 for case_id in taught)


def test_a_quarter_of_the_dialogues_is_kept_back(markets: Markets) -> None:
    """Held-out dialogues are others than those of training, in every market."""
    codes = tuple(sorted(markets))
    kept = {dialogue.case.case_id for dialogue in dialogues_of(codes, held_out=True)}
    taught = {dialogue.case.case_id for dialogue in dialogues_of(codes, held_out=False)}
    assert not kept & taught
    assert len(kept) * 3 <= len(taught) + 2 * len(codes)
    assert {dialogue.case.market for dialogue in dialogues_of(codes, held_out=True)} == set(codes)
