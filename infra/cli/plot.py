"""`evaluate --plot FILE.png`: plot the results; only this needs matplotlib."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from domain.evaluation.explanation import PartResult
from domain.evaluation.measurement import EvaluationResult


def check_plot(path: Path) -> None:
    """Raise ConfigurationError if the plot cannot be written; called first, because tuning can take hours."""
    if find_spec("matplotlib") is None:
        raise ConfigurationError("--plot needs matplotlib: pip install -r requirements/plot.txt")
    if path.suffix != ".png":
        raise ConfigurationError(f"--plot writes a .png, not {path.name}.")
    if not path.parent.is_dir():
        raise ConfigurationError(f"--plot cannot write {path}: the folder does not exist.")


def plot(results: Sequence[EvaluationResult], *, k: int, title: str, path: Path) -> None:
    """Plot the mean NDCG of each model with its 95 % interval, one row per model in the order of the table."""
    figure, axes = _rows(len(results), [result.model for result in results])
    rows = range(len(results))
    axes.hlines(rows, *zip(*(result.ndcg_interval for result in results), strict=True))
    axes.plot([result.ndcg for result in results], rows, "o")
    axes.set_xlim(left=0)
    axes.set_xlabel(f"NDCG@{k}, mean and 95 % interval")
    _save(figure, title=title, path=path)


def plot_parts(results: Mapping[str, PartResult], *, k: int, title: str, path: Path) -> None:
    """Plot what each part earns as a bar with its 95 % interval as a whisker, one row per part; unsure ones are grey."""
    figure, axes = _rows(len(results), list(results))
    for row, result in enumerate(results.values()):
        colour = {"better": "tab:green", "worse": "tab:red"}.get(result.verdict, "lightgrey")
        axes.barh(row, result.difference, color=colour)
        axes.hlines(row, *result.difference_interval, color="black")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(f"NDCG@{k} with the part minus without it, mean and 95 % interval")
    _save(figure, title=title, path=path)


def _rows(n: int, labels: Sequence[str]) -> tuple[Any, Any]:
    """Return an empty figure and its axes, which have `n` labelled rows."""
    # An optional package, and slow to import.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 1.2 + 0.45 * n), layout="constrained", dpi=150)
    axes = figure.add_subplot()
    axes.set_yticks(range(n), labels)
    axes.invert_yaxis()
    axes.margins(y=0.1)
    axes.grid(axis="x", alpha=0.3)
    return figure, axes


def _save(figure: Any, *, title: str, path: Path) -> None:
    figure.suptitle(title, fontsize="medium")
    try:
        figure.savefig(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}.") from error
