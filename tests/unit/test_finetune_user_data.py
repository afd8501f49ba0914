"""A user's own labelled cases: JSONL and Parquet read alike, bad rows named, the split by seller."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cases.errors import ConfigError
from cases.market import Markets
from finetune.user_data import is_for_calibration, read_labelled


def row(number: int, **more: Any) -> dict[str, Any]:
    """A labelled case of the contract."""
    return {
        "case_id": f"own-{number}",
        "market": "SG",
        "order": {
            "order_id": f"o{number}",
            "placed_at": "2025-03-01T10:00:00+08:00",
            "cancelled_at": "2025-03-04T10:00:00+08:00",
            "promised_ship_at": "2025-03-02T10:00:00+08:00",
        },
        "chat": [{"at": "2025-03-03T10:00:00+08:00", "sender": "seller", "text": "no stock, pls cancel"}],
        "seller": {"seller_id": f"s{number % 40}"},
        "label": {
            "verdict": "induced",
            "decision_factors": ["Chat - asked to cancel"],
            "reasoning": "The seller asked the buyer to cancel.",
        },
        **more,
    }


def _jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def test_jsonl_and_parquet_give_the_same_cases(tmp_path: Path, markets: Markets) -> None:
    """Nested columns, and nested fields as JSON strings, are read as the lines of a JSONL file are."""
    rows = [row(n) for n in range(5)]
    lines = read_labelled(_jsonl(tmp_path / "a.jsonl", rows), markets)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "b.parquet")
    strings = [
        {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in one.items()} for one in rows
    ]
    pq.write_table(pa.Table.from_pylist(strings), tmp_path / "c.parquet")
    assert len(lines) == 5
    assert read_labelled(tmp_path / "b.parquet", markets) == lines
    assert read_labelled(tmp_path / "c.parquet", markets) == lines


def test_bad_rows_are_named_and_nothing_is_trained(tmp_path: Path, markets: Markets) -> None:
    """A bad field and a missing label are both named with their rows."""
    rows = [row(0), row(1, market="XX"), row(2, label=None)]
    with pytest.raises(ConfigError, match=r"2 problems.*row 2 /market.*row 3 /label"):
        read_labelled(_jsonl(tmp_path / "a.jsonl", rows), markets)


@pytest.mark.parametrize("name", ["a.csv", "missing.jsonl", "empty.jsonl", "broken.parquet"])
def test_unusable_files_are_config_errors(tmp_path: Path, markets: Markets, name: str) -> None:
    """Another format, a missing, an empty and a broken file are refused by name."""
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "broken.parquet").write_bytes(b"not parquet")
    with pytest.raises(ConfigError, match=name):
        read_labelled(tmp_path / name, markets)


def test_a_bad_json_string_in_parquet_is_named(tmp_path: Path, markets: Markets) -> None:
    """The row and the column are told."""
    pq.write_table(pa.Table.from_pylist([{**row(0), "chat": "[{"}]), tmp_path / "a.parquet")
    with pytest.raises(ConfigError, match="row 1 /chat"):
        read_labelled(tmp_path / "a.parquet", markets)


def test_a_sellers_cases_stay_on_one_side(tmp_path: Path, markets: Markets) -> None:
    """About a tenth of the sellers are kept back for calibration, each with all of its cases."""
    cases = read_labelled(_jsonl(tmp_path / "a.jsonl", [row(n) for n in range(200)]), markets)
    sides: dict[str | None, set[bool]] = {}
    for case in cases:
        assert case.seller is not None
        sides.setdefault(case.seller.seller_id, set()).add(is_for_calibration(case))
    assert all(len(side) == 1 for side in sides.values())
    assert 1 <= sum(side == {True} for side in sides.values()) <= 12
