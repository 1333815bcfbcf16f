"""Independent parts of a training in threads: numpy and scipy release the interpreter while they compute."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

N_THREADS = 4


def in_threads(function: Callable[[T], R], parts: Iterable[T]) -> list[R]:
    """Return the results for all parts, in the order of the parts."""
    with ThreadPoolExecutor(N_THREADS) as threads:
        return list(threads.map(function, parts))
