"""Manifests notice every change to a model's folder."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cases.errors import ModelFileError
from finetune.manifest import Origin, file_sha256, relist, verify_manifest, write_manifest

ORIGIN = Origin(
    name="verdict-tiny",
    recipe="tiny",
    recipe_sha256="0" * 64,
    seed=7,
    prompt_version="v1",
    prompt_sha256="1" * 64,
    markets=("SG",),
    parents={"base": "2" * 64},
    base_tokens_seen=10,
    adapter_tokens_seen=20,
    adapter_examples_seen=2,
    data_sha256="3" * 64,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with a manifest."""
    (tmp_path / "merged").mkdir()
    (tmp_path / "merged" / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "README.md").write_text("card", encoding="utf-8")
    write_manifest(tmp_path, ORIGIN, tmp_path / "merged" / "model.safetensors")
    return tmp_path


def test_an_untouched_folder_verifies(folder: Path) -> None:
    """The manifest lists every file, names the served weights and says where the model comes from."""
    manifest = verify_manifest(folder)
    assert set(manifest.files) == {"README.md", "merged/model.safetensors"}
    assert manifest.model_sha256 == file_sha256(folder / "merged" / "model.safetensors")
    assert manifest.origin == ORIGIN
    assert "torch" in manifest.versions
    assert manifest.commit


def _change_a_byte(folder: Path) -> None:
    (folder / "merged" / "model.safetensors").write_bytes(b"weighty")


def _remove(folder: Path) -> None:
    (folder / "README.md").unlink()


def _add(folder: Path) -> None:
    (folder / "merged" / "extra.bin").write_bytes(b"")


def _break(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}", encoding="utf-8")


def _lose(folder: Path) -> None:
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (_change_a_byte, "merged/model.safetensors was changed"),
        (_remove, "README.md is missing"),
        (_add, "merged/extra.bin is not in the manifest"),
        (_break, "not a manifest"),
        (_lose, "cannot be read"),
    ],
)
def test_damage_is_named(folder: Path, damage: Callable[[Path], None], named: str) -> None:
    """A changed byte, a missing or unknown file and a bad manifest raise ModelFileError naming it."""
    damage(folder)
    with pytest.raises(ModelFileError, match=named):
        verify_manifest(folder)


def test_a_later_file_is_listed_on_request(folder: Path) -> None:
    """Relisting takes up added files and leaves origin and weights as they were."""
    before = verify_manifest(folder)
    (folder / "calibration.json").write_text(json.dumps({}), encoding="utf-8")
    relist(folder)
    after = verify_manifest(folder)
    assert "calibration.json" in after.files
    assert (after.origin, after.model_sha256) == (before.origin, before.model_sha256)
