"""The sets that quality is measured on: golden as shipped, simulated by seed.

Takes: the golden file, copies of it that were tampered with, a small simulation. Gives: failures. Asks no model.
"""

import hashlib
from pathlib import Path

import pytest

from cases.errors import ConfigError, ModelFileError
from cases.market import Markets
from eval.sets import GOLDEN, SimulatedSet, any_cases, load_golden, of_markets, simulated_cases


def test_the_golden_cases_are_the_ones_that_were_shipped(markets: Markets) -> None:
    """126 labelled cases of nine markets, under the sha256 that the code names."""
    cases = load_golden(markets)
    assert len(cases) == 126
    assert {case.market for case in cases} == set(markets)
    assert all(case.label is not None for case in cases)


def test_the_trained_markets_can_be_looked_at_apart(markets: Markets) -> None:
    """A selection keeps the order and holds every case of the markets, and no other."""
    cases = load_golden(markets)
    near = of_markets(cases, frozenset({"SG", "BR"}))
    assert [case.case_id for case in near] == [c.case_id for c in cases if c.market in {"SG", "BR"}]
    assert near


def test_a_changed_golden_file_is_refused(markets: Markets, tmp_path: Path) -> None:
    """One byte more and nothing is measured; so too when the file is gone."""
    changed = tmp_path / "dev.jsonl"
    changed.write_bytes(GOLDEN.read_bytes() + b"\n")
    with pytest.raises(ModelFileError, match="sha256"):
        load_golden(markets, changed)
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_golden(markets, tmp_path / "absent.jsonl")


def test_a_row_without_a_label_is_refused(markets: Markets, tmp_path: Path) -> None:
    """A set to measure on has a label in every row; the message names the line."""
    path = tmp_path / "own.jsonl"
    path.write_text(
        '{"case_id":"a","market":"SG","order":{"order_id":"o","placed_at":"2025-01-01T00:00:00Z",'
        '"cancelled_at":"2025-01-02T00:00:00Z"}}\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="line 1: it has no label"):
        load_golden(markets, path, hashlib.sha256(path.read_bytes()).hexdigest())


def test_simulated_sets_take_the_markets_in_turn(markets: Markets) -> None:
    """As many cases as asked for, alternating, of the unseen split, and the same ones again."""
    wanted = SimulatedSet(("SG", "BR"), 5, seed=4)
    cases = simulated_cases(wanted, markets)
    assert [simulated.case.market for simulated in cases] == ["SG", "BR", "SG", "BR", "SG"]
    assert {simulated.split for simulated in cases} == {"test"}
    assert simulated_cases(wanted, markets) == cases


def test_any_cases_come_in_turn_too(markets: Markets) -> None:
    """The quick sets for measuring time alternate as well, and hold different cases under another seed."""
    cases = any_cases(SimulatedSet(("SG", "ID", "BR"), 7, seed=4), markets)
    assert [case.market for case in cases] == ["SG", "ID", "BR", "SG", "ID", "BR", "SG"]
    others = any_cases(SimulatedSet(("SG", "ID", "BR"), 7, seed=5), markets)
    assert not {case.case_id for case in cases} & {case.case_id for case in others}
