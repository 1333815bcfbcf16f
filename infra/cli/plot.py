"""`evaluate --plot FILE.png`: the table as a picture; matplotlib is an extra that nothing else needs."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from domain.errors import ConfigurationError
from infra.use_cases.evaluate import EvaluationResult


def check_plot(path: Path) -> None:
    """Raise ConfigurationError, before hours of tuning, where no picture could be written."""
    if find_spec("matplotlib") is None:
        raise ConfigurationError("--plot needs matplotlib: pip install -r requirements/plot.txt")
    if path.suffix != ".png":
        raise ConfigurationError(f"--plot writes a .png, not {path.name}.")
    if not path.parent.is_dir():
        raise ConfigurationError(f"--plot cannot write {path}: there is no such folder.")


def plot(results: Sequence[EvaluationResult], *, k: int, title: str, path: Path) -> None:
    """Draw each model's mean NDCG with its 95 % interval, a line per model in the order of the table."""
    # Slow to import, and most who run this package do not have it.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 1.2 + 0.45 * len(results)), layout="constrained", dpi=150)
    axes = figure.add_subplot()
    lines = range(len(results))
    axes.hlines(lines, *zip(*(one.ndcg_interval for one in results), strict=True))
    axes.plot([one.ndcg for one in results], lines, "o")
    axes.set_yticks(lines, [one.model for one in results])
    axes.invert_yaxis()
    axes.margins(y=0.1)
    axes.set_xlim(left=0)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel(f"NDCG@{k}, mean and 95 % interval")
    figure.suptitle(title, fontsize="medium")
    try:
        figure.savefig(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}.") from error
