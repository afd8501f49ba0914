"""Jobs spread over processes, each result as it comes.

Takes: a function that a spawned process can import, and the arguments of each job. Gives: (arguments, result) pairs.
Does not: keep an order; a job's exception is raised where its result is awaited.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, TypeVar

_Job = TypeVar("_Job", bound=tuple[Any, ...])
_Result = TypeVar("_Result")


def spread(
    work: Callable[..., _Result], jobs: Iterable[_Job], processes: int
) -> Iterator[tuple[_Job, _Result]]:
    """Run `work(*job)` for every job on `processes` spawned processes; yields in order of completion."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(work, *job): job for job in jobs}
        for future in as_completed(running):
            yield running[future], future.result()
