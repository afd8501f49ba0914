"""Recipes: the shipped ones are good, and a bad one is refused by the name of its fault."""

from pathlib import Path

import pytest

from cases.errors import ConfigError
from finetune.recipe import load_recipe
from tests.fixtures.tiny_recipe import TINY, write_recipe


@pytest.mark.parametrize("name", ["demo", "llama-3.1-8b"])
def test_shipped_recipes_are_good(root: Path, name: str) -> None:
    """Every recipe in config/recipes can be read."""
    assert load_recipe(root / "config" / "recipes" / f"{name}.toml").name == name


def test_the_demo_base_is_a_small_llama_with_a_long_context(root: Path) -> None:
    """The demo pre-trains its own base of the context that prompts need; the 8B recipe loads Llama's."""
    demo = load_recipe(root / "config" / "recipes" / "demo.toml")
    large = load_recipe(root / "config" / "recipes" / "llama-3.1-8b.toml")
    assert demo.base.architecture is not None
    assert demo.base.architecture.max_position_tokens == 3072
    assert (large.base.checkpoint, large.serve) == ("meta-llama/Llama-3.1-8B-Instruct", "adapter")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seed = 7", "seed = 7\nlearning = 1", "learning"),
        ("rank = 4", "rank = 0", "lora.rank"),
        ("rank = 4", 'rank = "many"', "lora.rank"),
        ('kind = "pretrain"', 'kind = "checkpoint"', "base"),
        ("share_prefix = true", "share_prefix = true\ngradient_checkpointing = true", "share_prefix"),
        ('name = "tiny"', 'name = "other"', "other"),
        ("[lora]", "[lora", "TOML"),
    ],
)
def test_a_bad_recipe_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    """The error names the file and the key."""
    path = write_recipe(tmp_path, TINY.replace(old, new, 1))
    with pytest.raises(ConfigError, match=named) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)


def test_a_pretrained_base_needs_its_stages(tmp_path: Path) -> None:
    """A recipe that pre-trains must say how: without [pretrain] it is refused."""
    start, end = TINY.index("[pretrain]"), TINY.index("[lora]")
    with pytest.raises(ConfigError, match=r"belong to base\.kind"):
        load_recipe(write_recipe(tmp_path, TINY[:start] + TINY[end:]))


def test_a_missing_recipe_is_a_config_error(tmp_path: Path) -> None:
    """A path that is not there is named."""
    with pytest.raises(ConfigError, match="nowhere"):
        load_recipe(tmp_path / "nowhere.toml")
