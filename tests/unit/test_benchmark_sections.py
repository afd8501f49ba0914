"""Single steps of the benchmark's sections: what is excused, what is sent, what is predicted from.

Takes: decisions and settings made up for the purpose. Gives: failures of the steps. Starts no engine.
"""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.sections.determinism import differences
from benchmarks.sections.latency import Alone, _load
from benchmarks.sections.overhead import direct_body
from cases.decision import Decision, DecisionStatus, Probabilities, TokenCounts
from cases.verdict import VERDICTS, Verdict
from serving.engines.vllm import VllmEngine, VllmOptions

IDS = [5, 6, 7]
WORDING: Any = SimpleNamespace(label_tokens={verdict: i for i, verdict in enumerate(VERDICTS)}, end_of_turn=9)


def _decision(induced: float, tokens: TokenCounts | None = None) -> Decision:
    found = Probabilities(induced=induced, not_induced=1.0 - induced, inconclusive=0.0)
    return Decision(
        decision_id="d",
        status=DecisionStatus.COMPLETE,
        case_id="c",
        market="SG",
        verdict=Verdict.INDUCED if induced > 0.5 else Verdict.NOT_INDUCED,
        probabilities=found,
        tokens=tokens or TokenCounts(),
        created_at=datetime(2025, 1, 1, tzinfo=UTC),
    )


def test_a_flip_is_as_wide_as_its_wider_side() -> None:
    """A verdict that was sure in one pass is no close call because it was close in the other."""
    (found,) = differences([_decision(0.502), _decision(0.9)], [_decision(0.3), _decision(0.8)])
    assert found.gap == pytest.approx(0.4)
    assert (found.first, found.second) == ("induced", "not_induced")


async def test_the_direct_request_is_what_the_service_sends() -> None:
    """Field by field, but for the request's id."""
    engine = VllmEngine(VllmOptions("http://127.0.0.1:1", "verdict"), WORDING)
    sent = engine._body(IDS, "x", max_tokens=1)
    await engine.close()
    bench: Any = SimpleNamespace(model=SimpleNamespace(wording=WORDING))
    direct = json.loads(direct_body(bench, IDS))
    assert {name: direct[name] for name in sent if name != "request_id"} == {
        name: value for name, value in sent.items() if name != "request_id"
    }
    assert direct["logprob_token_ids"] == [0, 1, 2]


def test_the_explanation_reads_what_it_appends() -> None:
    """Of a prompt of 300 tokens 44 lie outside whole cache blocks; the 12 that lead to the factors come on top."""
    decision = _decision(0.9, TokenCounts(prompt=300, cached=128, generated=91))
    found = _load([Alone(1.0, 2.0, 3.0, decision, 90)], prefix_tokens=12.0)
    assert (found.read_tokens, found.reread_tokens, found.written_tokens) == (172.0, 56.0, 90.0)
