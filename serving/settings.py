"""Every setting of the service in one object.

Takes: config/service.toml and the environment (VERDICT_*, which wins).
Gives: a frozen `Settings`, or a `ConfigError` that names each wrong setting.
Does not: read anything at import, or hold secrets.
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from cases.errors import ConfigError
from serving.requests import MAX_DEADLINE_MS

ROOT = Path(__file__).resolve().parents[1]
_PositiveInt = Annotated[int, Field(ge=1)]
_PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class EngineMode(StrEnum):
    """How the engine is asked."""

    DECIDE_EXPLAIN = "decide_explain"
    SINGLE_STREAM = "single_stream"


class Settings(BaseSettings):
    """The settings, with units in their names; config/service.toml says what each is for."""

    model_config = SettingsConfigDict(env_prefix="VERDICT_", frozen=True, extra="forbid")
    config_file: ClassVar[Path] = ROOT / "config" / "service.toml"

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    markets_dir: Path = Path("config/markets")
    model_dir: Path = Path("models/verdict-demo")
    prompt_version: str = "v1"
    engine_mode: EngineMode = EngineMode.DECIDE_EXPLAIN
    engine_url: str | None = None
    engine_model_name: str | None = None
    engine_base: str | None = None

    engine_max_num_seqs: _PositiveInt = 64
    engine_max_model_len_tokens: _PositiveInt = 3072
    engine_kv_cache_gib: _PositiveInt = 1
    engine_start_timeout_s: _PositiveFloat = 600.0

    decide_slots: _PositiveInt = 40
    queue_limit: Annotated[int, Field(ge=0)] = 256
    explain_slots: _PositiveInt = 12
    explain_queue_limit: Annotated[int, Field(ge=0)] = 256
    explain_timeout_s: _PositiveFloat = 120.0
    deadline_ms: Annotated[int, Field(ge=1, le=MAX_DEADLINE_MS)] = 1000

    database: Path = Path("var/decisions.sqlite3")
    sqlite_synchronous: Literal["normal", "full"] = "normal"

    sse_retry_ms: _PositiveInt = 1000
    sse_ping_s: _PositiveFloat = 15.0
    sse_send_timeout_s: _PositiveFloat = 10.0
    drain_s: _PositiveFloat = 5.0

    @field_validator("markets_dir", "model_dir", "database")
    @classmethod
    def _from_root(cls, path: Path) -> Path:
        return path if path.is_absolute() else ROOT / path

    @model_validator(mode="after")
    def _no_verdict_waits_in_the_engine(self) -> Self:
        if self.decide_slots + self.explain_slots > self.engine_max_num_seqs:
            raise ValueError("decide_slots + explain_slots must not exceed engine_max_num_seqs")
        return self

    @property
    def stream_grace_s(self) -> float:
        """How long an open stream has for its last event once a stop was asked for: a little over the drain."""
        return self.drain_s + 2.0

    @property
    def server_grace_s(self) -> int:
        """The server's own limit, above `stream_grace_s`, so that it never cuts a stream that still says goodbye."""
        return int(self.stream_grace_s) + 3

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file; no .env file and no secrets folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=cls.config_file)


def load_settings(**overrides: object) -> Settings:
    """The settings with `overrides` (None is left out); raises ConfigError naming every wrong one."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # checked by the model itself
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise ConfigError(f"settings ({Settings.config_file} or VERDICT_*): {faults}") from error
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise ConfigError(f"{Settings.config_file}: {error}") from error
