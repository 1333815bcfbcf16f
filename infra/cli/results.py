"""Print the results of an evaluation: one JSON object per line as soon as it is computed, or a table of all."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec
from rich.console import Console
from rich.table import Table

T = TypeVar("T", bound=msgspec.Struct)


def print_results(results: Iterable[T], *, as_json: bool, lay_out: Callable[[Sequence[T]], Table]) -> None:
    if not as_json:
        Console().print(lay_out(list(results)))
        return
    print_json(results)


def print_json(results: Iterable[T]) -> list[T]:
    """Print each result as soon as it is computed, and return all of them."""
    printed: list[T] = []
    for result in results:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
        sys.stdout.flush()
        printed.append(result)
    return printed


def with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.4f} [{interval[0]:.4f}, {interval[1]:.4f}]"
