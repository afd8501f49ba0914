"""The benchmark: splits that keep apart, labels and truths side by side, files whole or not at all.

Takes: a tiny benchmark of one market. Gives: failures that name the split or file.
"""

import json
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cases.case_file import read_cases
from cases.errors import ConfigError, UnknownMarketError
from cases.market import Markets
from marketplace.benchmark import BENCHMARK_SPLITS, BenchmarkSettings
from marketplace.benchmark_files import MANIFEST, write_benchmark

SETTINGS = BenchmarkSettings(("SG",), seed=11, train=60, validation=20, calibration=30, test=40)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, markets: Markets) -> Path:
    """A finished benchmark."""
    folder = tmp_path_factory.mktemp("made") / "bench"
    write_benchmark(SETTINGS, markets, folder)
    return folder


def _team(folder: Path, split: str) -> list[dict[str, object]]:
    return [
        json.loads(line) for line in (folder / "team" / split / "SG.jsonl").read_text("utf-8").splitlines()
    ]


def _cases(folder: Path, split: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / split / "SG.jsonl").read_text("utf-8").splitlines()]


def test_every_split_is_there_twice_over(made: Path, markets: Markets) -> None:
    """JSONL that the case reader accepts, and Parquet with the same ids in the same order."""
    for split in BENCHMARK_SPLITS:
        rows = list(read_cases(made / split / "SG.jsonl", markets))
        assert [row.problems for row in rows] == [()] * SETTINGS.cases(split)
        ids = [row.case.case_id for row in rows if row.case is not None]
        assert pq.read_table(made / split / "SG.parquet").column("case_id").to_pylist() == ids
        assert [row["case_id"] for row in _team(made, split)] == ids


def test_splits_share_no_seller_and_follow_in_time(made: Path) -> None:
    """A model cannot know a test's people, nor a future when it trains."""
    sellers, spans = {}, {}
    for split in ("train", "validation", "calibration", "test"):
        cases = _cases(made, split)
        sellers[split] = {case["seller"]["seller_id"] for case in cases if case["seller"]}  # type: ignore[index]
        moments = [case["order"][name] for case in cases for name in ("placed_at", "cancelled_at")]  # type: ignore[index]
        spans[split] = (min(moments), max(moments))
    assert all(not sellers[one] & sellers[other] for one, other in combinations(sellers, 2))
    ends = list(spans.values())
    assert all(earlier[1] < later[0] for earlier, later in pairwise(ends))


def test_gold_is_the_test_with_the_truth(made: Path) -> None:
    """Same cases; in the test the team's first label, in gold the policy's; nothing of the team in a case file."""
    test, gold, team = _cases(made, "test"), _cases(made, "gold"), _team(made, "test")
    for noisy, true, told in zip(test, gold, team, strict=True):
        assert {**noisy, "label": None} == {**true, "label": None}
        assert noisy["label"]["verdict"] == told["first"]["verdict"]  # type: ignore[index]
        assert true["label"]["verdict"] == told["truth"]["verdict"]  # type: ignore[index]
        assert true["label"]["decision_factors"] == told["truth"]["decision_factors"]  # type: ignore[index]
        assert not {"cause", "arm", "truth", "acts"} & set(noisy)


def test_weights_and_arms_fit_the_split(made: Path) -> None:
    """Only training and validation are enriched; everywhere else a case counts once."""
    for split in ("calibration", "test", "gold"):
        assert {(row["arm"], row["sampling_weight"]) for row in _team(made, split)} == {("random", 1.0)}
    assert {row["arm"] for row in _team(made, "train")} == {"random", "enriched"}
    assert all(row["sampling_weight"] > 1.0 for row in _team(made, "train"))  # type: ignore[operator]
    assert all(row["senior"] for row in _team(made, "calibration"))


def test_the_manifest_names_every_file(made: Path) -> None:
    """Name, version, settings, counts, and each file but itself by hash."""
    manifest = json.loads((made / MANIFEST).read_text("utf-8"))
    there = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()} - {MANIFEST}
    assert {file["name"] for file in manifest["files"]} == there
    assert [count["cases"] for count in manifest["counts"]] == [60, 20, 30, 40, 40]
    assert manifest["settings"]["seed"] == 11


def test_same_seed_same_bytes_with_any_number_of_processes(
    made: Path, tmp_path: Path, markets: Markets
) -> None:
    """The manifest, which holds every file's hash, comes out the same."""
    write_benchmark(SETTINGS, markets, tmp_path / "again", processes=2)
    assert (tmp_path / "again" / MANIFEST).read_bytes() == (made / MANIFEST).read_bytes()


def test_the_card_tells_the_noise(made: Path) -> None:
    """The data card has a row a split, and says what is simulated."""
    card = (made / "README.md").read_text("utf-8")
    assert "**Simulated**" in card
    for split in ("train", "validation", "calibration", "test"):
        assert f"| {split} | " in card


def test_a_broken_run_leaves_the_old_one(tmp_path: Path, markets: Markets) -> None:
    """A folder that cannot be written is named; an earlier benchmark stays whole, and no partial folder is left."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="could not be written"):
        write_benchmark(SETTINGS, markets, tmp_path / "file" / "bench")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("precious")
    with pytest.raises(ConfigError, match="holds other files"):
        write_benchmark(SETTINGS, markets, folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "mine"]
    assert (folder / "notes.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"markets": ("XX",)}, UnknownMarketError),
        ({"train": 6_000_000}, ConfigError),
        ({"relabelled": 2.0}, ConfigError),
        ({"seed": -1}, ConfigError),
    ],
)
def test_impossible_settings_are_refused(
    tmp_path: Path, markets: Markets, change: dict[str, object], error: type[Exception]
) -> None:
    """Before any file is made."""
    with pytest.raises(error):
        write_benchmark(replace(SETTINGS, **change), markets, tmp_path / "bench")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
