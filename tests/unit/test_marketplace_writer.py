"""Data sets on disk: whole or not there.

Takes: small simulations. Gives: failures that name the file. Does not fill a real disk: a folder that is a file, and a
simulation that breaks off, stand for what goes wrong.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cases.case_file import read_cases
from cases.errors import ConfigError
from cases.market import Markets
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase, worlds_of
from marketplace.writer import write_data_set

SETTINGS = SimulationSettings(("SG",), seed=5, cases_per_market=30, split="validation")
NAMES = {"validation.jsonl", "validation.parquet", "validation.truth.jsonl", "validation.manifest.json"}


def candidates(markets: Markets) -> Iterator[SimulatedCase]:
    """Thirty cases without the thinning, which takes longer than the test."""
    (world,) = worlds_of(SETTINGS, markets)
    return islice(world.candidates("writer"), 30)


def test_a_data_set_has_its_files_and_a_manifest_that_fits(tmp_path: Path, markets: Markets) -> None:
    """The hashes in the manifest are those of the files, and nothing partial is left."""
    manifest = write_data_set(candidates(markets), tmp_path, SETTINGS)
    assert {p.name for p in tmp_path.iterdir()} == NAMES
    for file in manifest.files:
        content = (tmp_path / file.name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.bytes)
    stored = json.loads((tmp_path / "validation.manifest.json").read_text(encoding="utf-8"))
    assert (stored["cases"], stored["settings"]["seed"]) == (30, 5)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, markets: Markets) -> None:
    """JSONL, Parquet and truths, byte for byte."""
    first = write_data_set(candidates(markets), tmp_path / "a", SETTINGS)
    assert write_data_set(candidates(markets), tmp_path / "b", SETTINGS).files == first.files


def test_jsonl_and_parquet_hold_the_same_readable_cases(tmp_path: Path, markets: Markets) -> None:
    """Every row reads back as a labelled case of the contract; Parquet holds nested fields as JSON strings."""
    write_data_set(candidates(markets), tmp_path, SETTINGS)
    rows = list(read_cases(tmp_path / "validation.jsonl", markets))
    assert [row.problems for row in rows] == [()] * 30
    table = pq.read_table(tmp_path / "validation.parquet").to_pylist()
    assert [row["case_id"] for row in table] == [row.case.case_id for row in rows if row.case]
    assert all(json.loads(row["label"])["verdict"] for row in table)


def test_the_hidden_cause_is_in_a_file_of_its_own(tmp_path: Path, markets: Markets) -> None:
    """Cause and acts never stand beside the case."""
    write_data_set(candidates(markets), tmp_path, SETTINGS)
    case = json.loads((tmp_path / "validation.jsonl").read_text(encoding="utf-8").splitlines()[0])
    truth = json.loads((tmp_path / "validation.truth.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert case["case_id"] == truth["case_id"]
    assert {"cause", "acts", "strategy"} & case.keys() == set()


def test_a_simulation_that_breaks_off_leaves_the_old_data_set(tmp_path: Path, markets: Markets) -> None:
    """The earlier files stay as they were, and no partial file is left."""
    write_data_set(candidates(markets), tmp_path, SETTINGS)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def breaks_off() -> Iterator[SimulatedCase]:
        yield from islice(candidates(markets), 3)
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match="No space left on device"):
        write_data_set(breaks_off(), tmp_path, SETTINGS)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, markets: Markets) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="taken"):
        write_data_set(candidates(markets), tmp_path / "taken", SETTINGS)
