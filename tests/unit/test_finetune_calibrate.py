"""Calibration: what it mends, what it leaves out, and how it joins the model's folder."""

from pathlib import Path

import numpy as np
import pytest

from cases.errors import ConfigError, ModelFileError
from finetune.calibrate import CALIBRATION_NAME, MIN_CASES, Scored, calibrate, write_calibration
from finetune.manifest import verify_manifest, write_manifest
from tests.unit.test_finetune_manifest import ORIGIN


def _overconfident(market: str, count: int, seed: int) -> list[Scored]:
    """Cases whose labels are drawn from the softmax of scores, which the model states four times too sharply."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(count, 3))
    truth = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = [int(rng.choice(3, p=row)) for row in truth]
    sharp = 4 * scores - np.log(np.exp(4 * scores).sum(axis=1, keepdims=True))
    return [Scored(market, row, label) for row, label in zip(sharp, labels, strict=True)]


def test_an_overconfident_model_is_mended() -> None:
    """The fitted temperature is near the true one, and the error on unseen folds falls."""
    found = calibrate(_overconfident("SG", 1500, 1), "a" * 64, "v1").markets["SG"]
    assert found.temperature == pytest.approx(4.0, rel=0.25)
    assert found.ece_after < found.ece_before / 2
    assert found.n == 1500


def test_a_market_with_few_cases_is_left_out() -> None:
    """Only measured markets are calibrated; with none at all it is an error."""
    few = _overconfident("ID", MIN_CASES - 1, 2)
    assert set(calibrate([*_overconfident("SG", 200, 3), *few], "a" * 64, "v1").markets) == {"SG"}
    with pytest.raises(ConfigError, match="calibrate"):
        calibrate(few, "a" * 64, "v1")


def test_the_calibration_joins_the_manifest(tmp_path: Path) -> None:
    """calibration.json is written into a good folder and listed; a damaged folder is refused."""
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    manifest = write_manifest(tmp_path, ORIGIN, tmp_path / "model.safetensors")
    calibration = calibrate(_overconfident("SG", 100, 4), manifest.model_sha256, "v1")
    write_calibration(tmp_path, calibration)
    assert CALIBRATION_NAME in verify_manifest(tmp_path).files
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelFileError, match="was changed"):
        write_calibration(tmp_path, calibration)
