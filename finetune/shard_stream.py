"""A worker process that makes training batches ahead of the trainer, so that training never waits for the simulator.

Takes: a function from a shard's number to its batches, and a place to start. Gives: batches, in order, for ever.
Does not: know what a shard holds. The order is a pure function of the shard function, so a resumed run reads on exactly
where the last checkpoint stood.
"""

import multiprocessing
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Final, Self

from cases.errors import VerdictError
from finetune.batching import Batch

_WAIT_S: Final = 1.0
_CLOSE_S: Final = 10.0

MakeShard = Callable[[int], list[Batch]]


@dataclass(frozen=True, slots=True)
class PlacedBatch:
    """A batch and where it stands: the shard's number, its index in it, and whether it is the shard's last."""

    batch: Batch
    shard: int
    index: int
    is_last: bool


class ShardWorkerError(VerdictError):
    """The worker process ended or failed; its own error stands on standard error."""


class ShardStream:
    """Use as a context manager; `make_shard` must be picklable, since the worker is a fresh interpreter."""

    def __init__(self, make_shard: MakeShard, *, shard: int, skip: int, ahead: int = 64) -> None:
        context = multiprocessing.get_context("spawn")
        self._queue: Queue[PlacedBatch] = context.Queue(maxsize=ahead)
        self._stop: Event = context.Event()
        arguments = (make_shard, shard, skip, self._queue, self._stop)
        self._process = context.Process(target=_work, args=arguments, daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._queue.cancel_join_thread()
        self._process.join(_CLOSE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._queue.close()
        self._process.close()

    def __iter__(self) -> Iterator[PlacedBatch]:
        while True:
            try:
                yield self._queue.get(timeout=_WAIT_S)
            except queue.Empty:
                if not self._process.is_alive():
                    raise ShardWorkerError(
                        f"the data worker ended with code {self._process.exitcode}"
                    ) from None


def _work(make_shard: MakeShard, shard: int, skip: int, out: "Queue[PlacedBatch]", stop: Event) -> None:
    # The trainer may be gone without having closed us; nobody then reads the rest of the queue.
    out.cancel_join_thread()
    while True:
        batches = make_shard(shard)
        for index, batch in enumerate(batches):
            if index >= skip:
                placed = PlacedBatch(batch, shard, index, index == len(batches) - 1)
                if not _put(out, placed, stop):
                    return
        shard, skip = shard + 1, 0


def _put(out: "Queue[PlacedBatch]", placed: PlacedBatch, stop: Event) -> bool:
    parent = multiprocessing.parent_process()
    while not stop.is_set() and (parent is None or parent.is_alive()):
        try:
            out.put(placed, timeout=_WAIT_S)
        except queue.Full:
            continue
        return True
    return False
