"""Unlabelled cases: shards that do not depend on each other, nothing to learn a label from, a run that goes on.

Takes: a few small shards of one market. Gives: failures that name the file.
"""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cases.errors import ConfigError
from cases.market import Markets
from marketplace.chats import MANIFEST, ChatSettings, write_chats

SETTINGS = ChatSettings(("SG",), seed=3, cases=25, shard_cases=10)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, markets: Markets) -> Path:
    """A finished set of three shards."""
    folder = tmp_path_factory.mktemp("made") / "chats"
    write_chats(SETTINGS, markets, folder)
    return folder


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_last_shard_holds_the_rest(made: Path) -> None:
    """25 cases in shards of 10: 10, 10, 5, all different, none with a label."""
    tables = [pq.read_table(made / f"SG-{number:05d}.parquet") for number in (1, 2, 3)]
    assert [table.num_rows for table in tables] == [10, 10, 5]
    ids = [case_id for table in tables for case_id in table.column("case_id").to_pylist()]
    assert len(set(ids)) == 25
    assert all(label is None for table in tables for label in table.column("label").to_pylist())
    assert {file["name"] for file in json.loads((made / MANIFEST).read_text("utf-8"))["files"]} == {
        f"SG-{number:05d}.parquet" for number in (1, 2, 3)
    }


def test_a_killed_run_goes_on(made: Path, tmp_path: Path, markets: Markets) -> None:
    """With a shard and the manifest missing, and a half one left over, the same call gives the same bytes."""
    again = tmp_path / "chats"
    again.mkdir()
    for name, content in _bytes(made).items():
        if name not in {"SG-00002.parquet", MANIFEST}:
            (again / name).write_bytes(content)
    (again / "SG-00002.parquet.partial").write_bytes(b"half")
    told: list[int] = []
    write_chats(SETTINGS, markets, again, progress=told.append)
    assert told == [15, 10]
    assert _bytes(again) == _bytes(made)


def test_another_set_is_not_mixed_in(made: Path, tmp_path: Path, markets: Markets) -> None:
    """Other settings, or a folder with other files, are refused before anything is made."""
    before = _bytes(made)
    with pytest.raises(ConfigError, match="shards of other settings"):
        write_chats(ChatSettings(("SG",), seed=4, cases=25, shard_cases=10), markets, made)
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(ConfigError, match="other files"):
        write_chats(SETTINGS, markets, tmp_path)
    assert _bytes(made) == before


def test_cases_are_shared_out_evenly() -> None:
    """Seven cases over three markets: three, two, two."""
    shards = ChatSettings(("SG", "ID", "BR"), seed=1, cases=7).shards()
    assert [(shard.market, shard.cases) for shard in shards] == [("SG", 3), ("ID", 2), ("BR", 2)]
