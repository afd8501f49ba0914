"""The pure halves of our vLLM: its log, its answers, its command line.

Takes: recorded lines of vLLM 0.32. Gives: failures. Does not start vLLM.
"""

import json
import math
import sys
from pathlib import Path

import pytest

from cases.errors import ConfigError, EngineStartError, EngineUnavailable
from cases.verdict import Verdict
from serving.engines.base import FinishReason, Usage
from serving.engines.engine_log import LoadPhase, LoadProgress, last_error_line, phase_of
from serving.engines.supervised_vllm import back_off_s
from serving.engines.vllm_answers import first_token, label_logprobs, served_length_tokens, stream_part
from serving.engines.vllm_command import (
    ServedAdapter,
    VllmServerOptions,
    command,
    default_threads,
    environment,
)
from serving.engines.vllm_process import VllmProcess

LABELS = {Verdict.INDUCED: 11, Verdict.NOT_INDUCED: 12, Verdict.INCONCLUSIVE: 13}

FAILED_START = """\
(APIServer pid=1) INFO 11-23 08:29:23 [model.py:733] Resolved architecture: LlamaForCausalLM
(EngineCore pid=2) ERROR 11-23 08:29:36 [core.py:1200] EngineCore failed to start.
(EngineCore pid=2) ERROR 11-23 08:29:36 [core.py:1200] Traceback (most recent call last):
(EngineCore pid=2) ERROR 11-23 08:29:36 [core.py:1200]   File "cpu_worker.py", line 231, in determine
(EngineCore pid=2) ERROR 11-23 08:29:36 [core.py:1200] ValueError: Available memory on node 0 is less than requested
(APIServer pid=1) Traceback (most recent call last):
(APIServer pid=1)   File "core_client.py", line 9, in <module>
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""


def test_the_cause_of_a_failed_start_is_found() -> None:
    """The line that names the cause is chosen over the later one that only says that another process failed."""
    assert last_error_line(FAILED_START) == "ValueError: Available memory on node 0 is less than requested"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", None),
        ("Killed\n\n", "Killed"),
        (
            "api_server.py: error: unrecognized arguments: --x\n",
            "api_server.py: error: unrecognized arguments: --x",
        ),
        ("a\nModuleNotFoundError: No module named 'vllm'\n", "ModuleNotFoundError: No module named 'vllm'"),
        ("RuntimeError: Engine core initialization failed. See root cause above.\n", None),
    ],
)
def test_every_log_gives_its_most_telling_line(log: str, expected: str | None) -> None:
    """Argument errors and bare last words are found too; a log with nothing but an echo gives the echo."""
    assert last_error_line(log) == (expected if expected or not log else log.strip())


def test_steps_of_a_start_are_read_in_order() -> None:
    """The lines that vLLM writes while it loads map to the steps of the display, and other lines to none."""
    lines = [
        "(APIServer pid=1) INFO 11-23 08:29:10 [api_utils.py:286] non-default args: {'port': 1}",
        "(APIServer pid=1) INFO 11-23 08:29:23 [model.py:733] Resolved architecture: LlamaForCausalLM",
        "(EngineCore pid=2) INFO 11-23 08:29:54 [cpu_model_runner.py:68] Starting to load model /m...",
        "(EngineCore pid=2) INFO 11-23 08:29:54 [default_loader.py:501] Loading weights took 0.10 seconds",
        "(EngineCore pid=2) INFO 11-23 08:29:59 [core.py:402] init engine (profile, ...) took 3.37 s",
        "INFO:     Application startup complete.",
    ]
    assert [phase_of(line) for line in lines] == [
        LoadPhase.CONFIG,
        LoadPhase.CORE,
        LoadPhase.WEIGHTS,
        LoadPhase.CACHE,
        LoadPhase.SERVER,
        None,
    ]
    progress = LoadProgress(LoadPhase.READY, 1.0)
    assert progress.step == progress.steps == len(LoadPhase)


def _decide_answer(top: dict[str, float]) -> bytes:
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 4}}
    return json.dumps(
        {"choices": [{"text": "x", "logprobs": {"top_logprobs": [top]}}], "usage": usage}
    ).encode()


def test_label_logprobs_are_read_by_token_id() -> None:
    """The three labels are found by id among what vLLM adds (the sampled token), with the cached tokens."""
    answer = label_logprobs(
        _decide_answer({"token_id:99": -0.1, "token_id:11": -1.0, "token_id:12": -2.0, "token_id:13": -3.0}),
        LABELS,
    )
    assert dict(answer.logprobs) == {
        Verdict.INDUCED: -1.0,
        Verdict.NOT_INDUCED: -2.0,
        Verdict.INCONCLUSIVE: -3.0,
    }
    assert (answer.prompt_tokens, answer.cached_tokens) == (9, 4)


@pytest.mark.parametrize(
    "body", [b"", b"not json: secret chat", b"{}", b'{"choices": []}', _decide_answer({"token_id:11": -1.0})]
)
def test_an_unreadable_answer_is_an_engine_error_that_quotes_nothing(body: bytes) -> None:
    """Whatever is not a complete answer raises EngineUnavailable, without a word of the answer in it."""
    with pytest.raises(EngineUnavailable) as caught:
        label_logprobs(body, LABELS)
    assert "secret" not in str(caught.value)
    assert "token_id" not in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_log_probability_that_is_no_number_is_an_engine_error(value: float) -> None:
    """Nonsense from the engine is the engine's fault, and never reaches the policy."""
    body = _decide_answer({"token_id:11": value, "token_id:12": -2.0, "token_id:13": -3.0})
    with pytest.raises(EngineUnavailable, match="no number"):
        label_logprobs(body, LABELS)


def test_a_stream_line_is_read_or_passed_over() -> None:
    """Text, the last piece, the closing counts, comments, blank lines and the end mark are told apart."""
    counts = '"usage": {"prompt_tokens": 5, "completion_tokens": 2}'
    text = stream_part('data: {"choices": [{"text": "ab", "finish_reason": null}], ' + counts + "}")
    assert text is not None
    assert (text.text, text.finish_reason, text.usage, text.closing) == ("ab", None, Usage(5, 2, 0), False)
    last = stream_part('data: {"choices": [{"text": "", "finish_reason": "length"}], ' + counts + "}")
    assert last is not None
    assert last.finish_reason is FinishReason.LENGTH
    closing = stream_part('data: {"choices": [], ' + counts + "}")
    assert closing is not None
    assert closing.closing
    assert [stream_part(line) for line in ("", ": ping", "data: [DONE]", "event: x")] == [None] * 4


@pytest.mark.parametrize("line", ['data: {"error": {"message": "m"}}', "data: {", "data: 7"])
def test_a_stream_line_that_is_no_piece_is_an_engine_error(line: str) -> None:
    """An error in the midst of a stream, cut JSON and foreign JSON raise EngineUnavailable."""
    with pytest.raises(EngineUnavailable):
        stream_part(line)


def test_a_request_that_the_engine_gave_up_is_an_engine_error() -> None:
    """The finish reason `abort` is not an end of a document."""
    usage = '"usage": {"prompt_tokens": 5, "completion_tokens": 2}'
    with pytest.raises(EngineUnavailable, match="gave the request up"):
        stream_part('data: {"choices": [{"text": "", "finish_reason": "abort"}], ' + usage + "}")


def test_the_served_model_is_checked_by_name() -> None:
    """The length of the named model is found; another name is the operator's error."""
    body = json.dumps({"data": [{"id": "verdict", "max_model_len": 3072}]}).encode()
    assert served_length_tokens(body, "verdict") == 3072
    with pytest.raises(ConfigError, match="does not serve 'other' but verdict"):
        served_length_tokens(body, "other")
    base, adapter = {"id": "base", "max_model_len": 3072}, {"id": "verdict", "parent": "/base"}
    assert served_length_tokens(json.dumps({"data": [base, adapter]}).encode(), "verdict") == 3072
    assert first_token(b'{"tokens": [7, 8]}') == 7
    assert first_token(b'{"tokens": []}') is None


def test_vllm_is_started_offline_and_with_explicit_limits(tmp_path: Path) -> None:
    """The command binds to this machine only, and the environment forbids hubs, telemetry and proxies."""
    options = VllmServerOptions(
        tmp_path, tmp_path, max_num_seqs=7, kv_cache_gib=2, extra_flags=("--seed", "3")
    )
    line = command(options, 1234)
    assert line[line.index("--host") + 1] == "127.0.0.1"
    assert line[line.index("--max-num-seqs") + 1] == "7"
    assert line[-2:] == ["--seed", "3"]
    inherited = {"PATH": "/bin", "HTTPS_PROXY": "http://p", "VLLM_LOGGING_LEVEL": "DEBUG"}
    child = environment(options, inherited)
    assert {"HTTPS_PROXY", "VLLM_LOGGING_LEVEL"} & set(child) == set()
    assert child["PATH"] == "/bin"
    assert child["VLLM_CPU_KVCACHE_SPACE"] == "2"
    assert {child[name] for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "VLLM_NO_USAGE_STATS")} == {
        "1"
    }
    assert child["VLLM_SERVER_DEV_MODE"] == "0"
    assert default_threads() >= 1


def test_an_adapter_is_served_over_its_base(tmp_path: Path) -> None:
    """The adapter answers under the model's name, with room for its rank; one larger than vLLM takes is refused."""
    adapter = ServedAdapter(tmp_path / "adapter", rank=24, base_revision="abc")
    line = command(VllmServerOptions(Path("org/base"), tmp_path, adapter=adapter), 1)
    told = {flag: line[line.index(flag) + 1] for flag in ("--model", "--served-model-name", "--revision")}
    assert told == {"--model": "org/base", "--served-model-name": "verdict-base", "--revision": "abc"}
    assert line[line.index("--lora-modules") + 1] == f"verdict={tmp_path / 'adapter'}"
    assert line[line.index("--max-lora-rank") + 1] == "32"
    assert "--enable-lora" in line
    assert "--enable-lora" not in command(VllmServerOptions(tmp_path, tmp_path), 1)
    with pytest.raises(ConfigError, match="rank 513"):
        command(VllmServerOptions(tmp_path, tmp_path, adapter=ServedAdapter(tmp_path, rank=513)), 1)


async def test_a_guard_that_cannot_run_is_a_failed_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the operating system refuses is told as a failed start, which the supervisor tries again."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    process = VllmProcess(VllmServerOptions(tmp_path, tmp_path), lambda _: None)
    with pytest.raises(EngineStartError, match="no-python"):
        await process.start()


def test_restarts_back_off() -> None:
    """The wait before a start doubles with every failure and stops growing at a minute."""
    waits = [back_off_s(failures) for failures in range(10)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(waits) == waits[-1] == 60.0
