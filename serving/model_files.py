"""The served model's own papers: what it is, what it was trained on, and how its probabilities are calibrated.

Takes: a model folder (manifest.json, calibration.json, a tokenizer). Gives: a frozen `ModelCard`.
Does not: load weights, or fit a calibration (`finetune.calibrate` does).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cases.errors import ModelFileError

CALIBRATED_ROUTE: Final = "llm"
_ADAPTER: Final = "adapter/adapter_model.safetensors"
_ADAPTER_CONFIG: Final = "adapter/adapter_config.json"
_OWN_TOKENIZER: Final = "tokenizer/tokenizer.json"
"""Only the folder of an adapter that is served unmerged has it; a merged checkpoint brings its own."""


class MarketCalibration(BaseModel):
    """How one market's label log-probabilities become probabilities; `bias` in the order of `VERDICTS`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    temperature: float = Field(gt=0, allow_inf_nan=False)
    bias: tuple[float, float, float]

    @property
    def bias_array(self) -> np.ndarray:
        """Array [3] in the order of `VERDICTS`."""
        return np.array(self.bias)


class _CalibrationFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    route: str
    model_sha256: str
    prompt_version: str
    markets: dict[str, MarketCalibration]


class _Origin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    prompt_version: str
    markets: tuple[str, ...]
    parents: dict[str, str] = {}


class _Manifest(BaseModel):
    """The part of `finetune.manifest.Manifest` that serving needs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    origin: _Origin
    model_sha256: str
    files: dict[str, str]  # path below the folder -> sha256


class _AdapterConfig(BaseModel):
    """The part of PEFT's adapter_config.json that serving needs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    r: int = Field(ge=1)


_File = TypeVar("_File", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Unmerged:
    """An adapter that is served over its base. `base` is the hub's name of it, None when the manifest has none."""

    folder: Path
    rank: int
    base: str | None
    base_revision: str | None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the gateway knows of the model behind the engine.

    `calibrations` by market is empty when there is none for this model and prompt; `notes` says why, for the log.
    """

    name: str
    model_sha256: str
    adapter: str | None
    tokenizer_json: Path
    unmerged: Unmerged | None  # None: the merged checkpoint is served
    trained_markets: frozenset[str]
    calibrations: dict[str, MarketCalibration]
    calibration_version: str | None
    notes: tuple[str, ...]

    @property
    def version(self) -> str:
        """What `versions.model` says."""
        return f"{self.name}@{self.model_sha256[:12]}"


def load_model_card(folder: Path, *, prompt_version: str) -> ModelCard:
    """Read the papers of the model in `folder`; raises ModelFileError naming the file at fault.

    Every file of the manifest that is here must be as the manifest says (a gateway whose engine runs elsewhere may lack
    the weights), and the prompt must be the one it was trained on. A calibration of another model or prompt is
    left out, with a note: decisions then say that they are not calibrated.
    """
    manifest = _read(folder / "manifest.json", _Manifest)
    for name, sha256 in manifest.files.items():
        _check(folder / name, sha256)
    if manifest.origin.prompt_version != prompt_version:
        trained_on = manifest.origin.prompt_version
        raise ModelFileError(f"{folder}: trained on prompt {trained_on}, asked to serve {prompt_version}")
    calibrations, version, notes = _calibrations(folder / "calibration.json", manifest, prompt_version)
    unmerged = _unmerged(folder, manifest) if _OWN_TOKENIZER in manifest.files else None
    return ModelCard(
        name=manifest.origin.name,
        model_sha256=manifest.model_sha256,
        adapter=_short(manifest.files.get(_ADAPTER)),
        tokenizer_json=folder / (_OWN_TOKENIZER if unmerged else "merged/tokenizer.json"),
        unmerged=unmerged,
        trained_markets=frozenset(manifest.origin.markets),
        calibrations=calibrations,
        calibration_version=version,
        notes=notes,
    )


def _unmerged(folder: Path, manifest: _Manifest) -> Unmerged:
    config = _read(folder / _ADAPTER_CONFIG, _AdapterConfig)
    # A base from a hub stands in the manifest as name@revision, one made here as the sha256 of its weights.
    name, at, revision = manifest.origin.parents.get("base", "").rpartition("@")
    return Unmerged(folder / "adapter", config.r, name if at else None, revision if at else None)


def _calibrations(
    path: Path, manifest: _Manifest, prompt_version: str
) -> tuple[dict[str, MarketCalibration], str | None, tuple[str, ...]]:
    if not path.is_file():
        return {}, None, (f"{path}: there is no calibration, so no action is higher than investigate",)
    found = _read(path, _CalibrationFile)
    asked = (CALIBRATED_ROUTE, manifest.model_sha256, prompt_version)
    if (found.route, found.model_sha256, found.prompt_version) != asked:
        return {}, None, (f"{path}: made for another route, model or prompt, so it is not used",)
    return dict(found.markets), hashlib.sha256(path.read_bytes()).hexdigest()[:12], ()


def _short(sha256: str | None) -> str | None:
    return None if sha256 is None else sha256[:12]


def _check(path: Path, sha256: str) -> None:
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ModelFileError(f"{path}: is not the file that the manifest names; restore it")


def _read(path: Path, schema: type[_File]) -> _File:
    try:
        return schema.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ModelFileError(f"{path}: {faults}") from error
