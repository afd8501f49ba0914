"""Settings and the model's papers: what is accepted, and how a fault is named."""

import hashlib
import json
from pathlib import Path

import pytest

from cases.errors import ConfigError, ModelFileError
from serving.engine_unit import served_weights
from serving.engines.vllm_command import ServedAdapter
from serving.model_files import load_model_card
from serving.settings import Settings, load_settings


def test_the_shipped_file_is_valid() -> None:
    """config/service.toml is read, and relative paths start at the repository's root."""
    settings = load_settings()
    assert settings.markets_dir.is_dir()
    assert settings.database.is_absolute()


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """VERDICT_PORT overrides the file; an argument overrides both; None overrides nothing."""
    monkeypatch.setenv("VERDICT_PORT", "9001")
    assert load_settings(port=None).port == 9001
    assert load_settings(port=9002).port == 9002


def test_every_wrong_setting_is_named() -> None:
    """One error names all faults."""
    with pytest.raises(ConfigError, match=r"port: .*; decide_slots: ") as caught:
        load_settings(port=-1, decide_slots=0)
    assert "VERDICT_" in str(caught.value)


def test_a_default_that_every_request_would_break_is_refused() -> None:
    """The default deadline obeys the limit that requests have to keep."""
    with pytest.raises(ConfigError, match="deadline_ms"):
        load_settings(deadline_ms=600_001)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in the settings file is the operator's to mend, by name and line."""
    broken = tmp_path / "service.toml"
    broken.write_text("port = = 1")
    monkeypatch.setattr(Settings, "config_file", broken)
    with pytest.raises(ConfigError, match=r"service\.toml: .*line 1"):
        load_settings()


def test_verdicts_keep_room_in_the_engine() -> None:
    """Slots for decide and explain together may not exceed what the engine runs at once."""
    with pytest.raises(ConfigError, match="must not exceed engine_max_num_seqs"):
        load_settings(decide_slots=60, explain_slots=10, engine_max_num_seqs=64)


def test_the_server_waits_longer_than_its_streams() -> None:
    """Each grace period lies above the one inside it, so no stream is cut while it says goodbye."""
    settings = Settings(drain_s=7.5)
    assert settings.drain_s < settings.stream_grace_s < settings.server_grace_s


def _write_model(folder: Path, *, files: dict[str, str] | None = None, **origin: object) -> None:
    (folder / "merged").mkdir(parents=True)
    (folder / "merged" / "tokenizer.json").write_text("{}")
    told = {"name": "m", "prompt_version": "v1", "markets": ["SG"], **origin}
    manifest = {"origin": told, "model_sha256": "cd" * 32, "files": files or {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _write_calibration(folder: Path, **changes: object) -> None:
    market = {"temperature": 2.0, "bias": [0.1, 0.0, -0.1]}
    given = {"route": "llm", "model_sha256": "cd" * 32, "prompt_version": "v1", "markets": {"SG": market}}
    (folder / "calibration.json").write_text(json.dumps({**given, **changes}))


def test_the_calibration_of_this_model_is_used(tmp_path: Path) -> None:
    """A calibration of the same route, model and prompt is loaded and named."""
    _write_model(tmp_path)
    _write_calibration(tmp_path)
    card = load_model_card(tmp_path, prompt_version="v1")
    assert card.calibrations["SG"].temperature == 2.0
    assert card.calibration_version
    assert card.notes == ()


@pytest.mark.parametrize(
    "changes", [{"route": "fusion"}, {"model_sha256": "ee" * 32}, {"prompt_version": "v2"}]
)
def test_the_calibration_of_another_is_left_out(tmp_path: Path, changes: dict[str, str]) -> None:
    """A calibration of another route, model or prompt is not used, and the log is told."""
    _write_model(tmp_path)
    _write_calibration(tmp_path, **changes)
    card = load_model_card(tmp_path, prompt_version="v1")
    assert card.calibrations == {}
    assert card.calibration_version is None
    assert len(card.notes) == 1


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    """A file that is not what the manifest says stops the start; a file that is not here does not."""
    right = hashlib.sha256(b"{}").hexdigest()
    _write_model(tmp_path, files={"merged/tokenizer.json": right, "merged/model.safetensors": "00" * 32})
    load_model_card(tmp_path, prompt_version="v1")
    (tmp_path / "merged" / "tokenizer.json").write_text("{ }")
    with pytest.raises(ModelFileError, match=r"tokenizer\.json"):
        load_model_card(tmp_path, prompt_version="v1")


def test_another_prompt_is_refused(tmp_path: Path) -> None:
    """A model is served with the prompt that it was trained on."""
    _write_model(tmp_path, prompt_version="v7")
    with pytest.raises(ModelFileError, match="v7"):
        load_model_card(tmp_path, prompt_version="v1")


def test_missing_papers_are_named(tmp_path: Path) -> None:
    """The operator is told which file is missing or broken."""
    with pytest.raises(ModelFileError, match=r"manifest\.json"):
        load_model_card(tmp_path, prompt_version="v1")
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ModelFileError, match="origin"):
        load_model_card(tmp_path, prompt_version="v1")


def _write_adapter(folder: Path, base: str) -> Path:
    _write_model(folder, files={"tokenizer/tokenizer.json": "00" * 32}, parents={"base": base})
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text('{"r": 32, "peft_type": "LORA"}')
    return folder


def _weights(folder: Path, **settings: object) -> tuple[Path, ServedAdapter | None]:
    card = load_model_card(folder, prompt_version="v1")
    return served_weights(load_settings(model_dir=folder, **settings), card)


def test_an_adapter_is_served_over_the_base_of_its_manifest(tmp_path: Path) -> None:
    """Name and revision come from the manifest; a folder in the settings takes their place."""
    folder = _write_adapter(tmp_path, "org/base@abc")
    assert _weights(folder) == (Path("org/base"), ServedAdapter(folder / "adapter", 32, "abc"))
    assert _weights(folder, engine_base="/b") == (Path("/b"), ServedAdapter(folder / "adapter", 32, None))
    assert load_model_card(folder, prompt_version="v1").tokenizer_json == folder / "tokenizer/tokenizer.json"


def test_an_adapter_without_a_base_says_which_setting_names_it(tmp_path: Path) -> None:
    """A base that was made on another machine is known by its hash alone: the operator says where it is."""
    with pytest.raises(ConfigError, match="engine_base"):
        _weights(_write_adapter(tmp_path, "ab" * 32))


def test_a_merged_model_needs_no_base(tmp_path: Path) -> None:
    """The merged checkpoint is served alone."""
    _write_model(tmp_path)
    assert _weights(tmp_path) == (tmp_path / "merged", None)
