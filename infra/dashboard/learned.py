"""What the model in use rests on: how much each reason may count in a list."""

from markupsafe import Markup
from msgspec import Struct, structs

from domain.ranking.model import Model
from infra.dashboard.reasons import Share, bar_of, words
from infra.dashboard.texts import text

N_WEIGHTS = 8


class Weight(Struct, frozen=True, kw_only=True):
    """A source in words, with its share of all weights in per cent, and its bar, in which the largest share is whole."""

    name: Markup
    percent: float
    bar: list[Share]


def weights_of(model: Model) -> list[Weight]:
    """Return the sources that count in lists of customers with a history, the largest first."""
    known = structs.asdict(model.config.weights_for(has_history=True))
    weights: dict[str, float] = known.pop("own") | known
    total, largest = sum(weights.values()), max(weights.values())
    ordered = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:N_WEIGHTS]
    return [
        Weight(
            name=text(f"learned.{source}") if source in known else Markup.escape(words(source)),
            percent=100 * weight / total,
            bar=bar_of([(source, 100 * weight / largest)]),
        )
        for source, weight in ordered
        if weight
    ]
