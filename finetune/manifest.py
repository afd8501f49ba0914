"""Manifests: what a model's folder holds, what it was made of, and whether it is still the same.

Takes: a folder of files and its origin. Gives: `manifest.json`, and a check that every byte is as written.
Does not: trust a file that the manifest does not name.
"""

import hashlib
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from cases.errors import ModelFileError

MANIFEST_NAME: Final = "manifest.json"
_UNLISTED: Final = frozenset({MANIFEST_NAME})
_PACKAGES: Final = ("torch", "transformers", "tokenizers", "peft", "trl", "numpy")


class Origin(BaseModel):
    """Where a model comes from. `parents` maps a parent's role to its sha256 (or hub name and revision)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    recipe: str
    recipe_sha256: str
    seed: int
    prompt_version: str
    prompt_sha256: str
    markets: tuple[str, ...]
    parents: dict[str, str]
    base_tokens_seen: int
    adapter_tokens_seen: int
    adapter_examples_seen: int
    data_sha256: str


class Manifest(BaseModel):
    """`files` maps a path below the folder to its sha256; `model_sha256` is that of the weights that are served."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    origin: Origin
    commit: str
    versions: dict[str, str]
    model_sha256: str
    files: dict[str, str]


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_manifest(folder: Path, origin: Origin, weights: Path) -> Manifest:
    """List every file below `folder` and write its manifest; `weights` is the served weights file."""
    manifest = Manifest(
        origin=origin,
        commit=_commit(),
        versions=_versions(),
        model_sha256=file_sha256(weights),
        files={path: file_sha256(folder / path) for path in _files_below(folder)},
    )
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def relist(folder: Path) -> Manifest:
    """Write the manifest anew after files were added (a calibration), origin and weights staying as they were."""
    manifest = read_manifest(folder)
    listed = manifest.model_copy(
        update={"files": {path: file_sha256(folder / path) for path in _files_below(folder)}}
    )
    (folder / MANIFEST_NAME).write_text(listed.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return listed


def read_manifest(folder: Path) -> Manifest:
    """The manifest of `folder`, unchecked against its files; raises ModelFileError when missing or malformed."""
    path = folder / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error}") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path}: not a manifest: {error}") from error


def verify_manifest(folder: Path) -> Manifest:
    """Check every file of `folder`; raises ModelFileError naming all that are missing, changed or unknown."""
    manifest = read_manifest(folder)
    present = set(_files_below(folder))
    faults = [f"{path} is missing" for path in sorted(set(manifest.files) - present)]
    faults += [f"{path} is not in the manifest" for path in sorted(present - set(manifest.files))]
    faults += [
        f"{path} was changed"
        for path, sha256 in sorted(manifest.files.items())
        if path in present and file_sha256(folder / path) != sha256
    ]
    if faults:
        raise ModelFileError(f"{folder} does not match its manifest: {'; '.join(faults)}")
    return manifest


def _files_below(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if path not in _UNLISTED)


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _commit() -> str:
    """The commit of the code at work; "unknown" outside a checkout (an installed package, a container)."""
    root = Path(__file__).resolve().parent.parent
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"
