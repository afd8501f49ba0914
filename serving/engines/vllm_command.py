"""How vLLM is started on a CPU: its command line and its environment.

Takes: `VllmServerOptions`. Gives: arguments and environment variables, each with its reason.
Does not: start anything (`vllm_process`).
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cases.errors import ConfigError

# Not the `vllm` command: it looks up a distribution named vllm, and the CPU build has another name.
_API_SERVER: Final = (sys.executable, "-m", "vllm.entrypoints.openai.api_server")
_THREAD_SIBLINGS: Final = "/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"


_LORA_RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # the room for an adapter that vLLM can make


@dataclass(frozen=True, slots=True)
class ServedAdapter:
    """A LoRA adapter that is served unmerged, over the base in `VllmServerOptions.model_dir`."""

    folder: Path
    rank: int
    base_revision: str | None = None


@dataclass(frozen=True, slots=True)
class VllmServerOptions:
    """What our own vLLM serves, and with how much of the machine.

    With an `adapter`, `model_dir` is its base (a folder, or a hub's name that is in the local cache) and `model_name`
    names the adapter.
    `work_dir` holds its log and caches. `threads` None: all physical cores but one. `benchmark_routes` adds vLLM's
    development routes (`POST /reset_prefix_cache`), which must stay off in service. `extra_flags` come last and win.
    `program` is what is run with these flags.
    """

    model_dir: Path
    work_dir: Path
    model_name: str = "verdict"
    adapter: ServedAdapter | None = None
    max_num_seqs: int = 64
    max_model_len_tokens: int = 3072
    kv_cache_gib: int = 1
    start_timeout_s: float = 600.0
    threads: int | None = None
    benchmark_routes: bool = False
    extra_flags: tuple[str, ...] = ()
    program: tuple[str, ...] = _API_SERVER

    @property
    def log_file(self) -> Path:
        """Where vLLM's standard output and standard error go."""
        return self.work_dir / "vllm.log"


def command(options: VllmServerOptions, port: int) -> list[str]:
    """The command that serves on 127.0.0.1:`port`."""
    return [
        *options.program,
        *_served(options),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--max-num-seqs", str(options.max_num_seqs)),
        *("--max-model-len", str(options.max_model_len_tokens)),
        *("--dtype", "bfloat16"),
        *("--scheduling-policy", "priority"),
        *("--enable-prefix-caching", "--enable-prompt-tokens-details"),
        # Fails for a grammar that xgrammar cannot read, where "auto" would quietly use a slower engine for it.
        *("--structured-outputs-config", '{"backend": "xgrammar"}'),
        # Sampling settings come with each request, never from a file beside the weights.
        *("--generation-config", "vllm"),
        # Compiling makes a token a quarter faster, a start a minute slower, and needs a C++ compiler.
        "--enforce-eager",
        "--disable-uvicorn-access-log",
        *options.extra_flags,
    ]


def _served(options: VllmServerOptions) -> list[str]:
    """Which weights answer under `model_name`. Raises ConfigError for an adapter larger than vLLM takes."""
    adapter = options.adapter
    name = options.model_name if adapter is None else f"{options.model_name}-base"
    flags = ["--model", str(options.model_dir), "--served-model-name", name]
    if adapter is None:
        return flags
    room = next((rank for rank in _LORA_RANKS if rank >= adapter.rank), None)
    if room is None:
        raise ConfigError(f"{adapter.folder}: rank {adapter.rank} is more than vLLM's {_LORA_RANKS[-1]}")
    flags += ["--enable-lora", "--max-loras", "1", "--max-lora-rank", str(room)]
    flags += ["--lora-modules", f"{options.model_name}={adapter.folder}"]
    return flags if adapter.base_revision is None else [*flags, "--revision", adapter.base_revision]


def environment(options: VllmServerOptions, inherited: Mapping[str, str]) -> dict[str, str]:
    """The child's whole environment: `inherited` without proxies and foreign vLLM settings, with ours on top."""
    kept = {name: value for name, value in inherited.items() if not _is_foreign(name)}
    caches = options.work_dir / "cache"
    return kept | {
        # Never asks a hub, never reports usage.
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # Its caches stay in our folder.
        "VLLM_CACHE_ROOT": str(caches),
        "VLLM_CONFIG_ROOT": str(caches / "config"),
        "VLLM_LOGGING_COLOR": "0",
        # One line of throughput a minute: the log is not rotated.
        "VLLM_LOG_STATS_INTERVAL": "60",
        # The default claims most of the machine's memory and fails when that is not free.
        "VLLM_CPU_KVCACHE_SPACE": str(options.kv_cache_gib),
        # The first request with log-probabilities would compile a kernel for 20 s, and fail without a C++ compiler.
        "TORCHDYNAMO_DISABLE": "1",
        # The worker runs in the engine's process: one process less to start and to talk to. It then leaves the number
        # of threads to us.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "OMP_NUM_THREADS": str(options.threads or default_threads()),
        "VLLM_SERVER_DEV_MODE": "1" if options.benchmark_routes else "0",
        # Keeps idle connections longer than the client does, so that none is used while it closes.
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "30",
        "PYTHONUNBUFFERED": "1",
    }


def default_threads() -> int:
    """Physical cores that this process may use, less one for the HTTP server and the gateway; at least one."""
    cores = {_physical_core(cpu) for cpu in os.sched_getaffinity(0)}
    return max(1, len(cores) - 1)


def _physical_core(cpu: int) -> str:
    try:
        return Path(_THREAD_SIBLINGS.format(cpu=cpu)).read_text(encoding="ascii").strip()
    except OSError:  # not shown in some containers: each counts as a core of its own
        return str(cpu)


def _is_foreign(name: str) -> bool:
    return name.startswith("VLLM_") or name.lower().endswith("_proxy")
