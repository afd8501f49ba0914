"""What the service measures of itself, for Prometheus.

Takes: what the pipeline did. Gives: the text of `/metrics`.
Does not: keep a global registry (each service owns one), or label anything with ids or text of a case.
"""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cases.decision import Decision
from cases.stream import VerdictEvent
from serving.stopwatch import Stopwatch

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_VERDICT_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.0, 2.0, 5.0, 15.0)
_END_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0)
_STAGE_BUCKETS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.05, 0.2, 1.0, 5.0)


class Metrics:
    """The meters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.time_to_verdict_s = Histogram(
            "verdict_time_to_verdict_seconds",
            "From the accepted request to the verdict event",
            ["route"],
            buckets=_VERDICT_BUCKETS,
            registry=self.registry,
        )
        self.time_to_end_s = Histogram(
            "verdict_time_to_end_seconds",
            "From the accepted request to the last event",
            ["status"],
            buckets=_END_BUCKETS,
            registry=self.registry,
        )
        self.stage_s = Histogram(
            "verdict_stage_seconds",
            "Time spent in each stage of the pipeline",
            ["stage"],
            buckets=_STAGE_BUCKETS,
            registry=self.registry,
        )
        self.tokens_generated = self._counter("verdict_tokens_generated", "Tokens that the engine wrote")
        self.tokens_saved = self._counter(
            "verdict_tokens_saved",
            "Tokens not written because of the short circuit: the mean length of finished explanations less what was "
            "written",
        )
        self.degraded = self._counter(
            "verdict_degraded", "Decisions that a fallback answered or cut", "reason"
        )
        self.refused = self._counter("verdict_refused", "Requests answered with a problem", "status")
        self.malformed = self._counter(
            "verdict_malformed_documents", "Documents refused by the parser", "code"
        )
        self.internal_faults = self._counter(
            "verdict_internal_faults", "Faults of the service itself", "where"
        )
        self.clients_gone = self._counter("verdict_clients_gone", "Runs ended because the last client left")

    def watch(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A gauge that is read when it is asked for."""
        Gauge(name, text, registry=self.registry).set_function(read)

    def told_verdict(self, event: VerdictEvent | None, watch: Stopwatch) -> None:
        """Time a verdict that has just been told."""
        if event is not None:
            self.time_to_verdict_s.labels(event.route.value).observe(watch.since_start_ms() / 1000)

    def ended(self, decision: Decision, stages_ms: dict[str, float], elapsed_s: float) -> None:
        """Count one decision that has ended."""
        self.time_to_end_s.labels(decision.status.value).observe(elapsed_s)
        for stage, took_ms in stages_ms.items():
            self.stage_s.labels(stage).observe(took_ms / 1000)
        if decision.degraded:
            self.degraded.labels(decision.degraded_reason or "unknown").inc()
        self.tokens_generated.inc(decision.tokens.generated)
        self.tokens_saved.inc(decision.tokens.saved)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)
