"""What training learned of a shop, apart from the neighbour lists that are stored per product."""

from functools import cached_property

from msgspec import Struct, field

from domain.ranking.hyperparameters import Hyperparameters
from domain.records.customers import Segment, SegmentRule

MAX_MODEL_CATEGORIES = 5000
"""How many categories a model knows something of, those that are bought most: it is read whole into each process."""


PUBLIC_NAMES = {"hyperparameters": "recipe", "source_weights": "blend"}
"""What `/health` and stored models call them since the first release."""


class WeightedProducts(Struct, frozen=True, kw_only=True, dict=True):
    """Products with a weight each, best first: `products` are product indexes, `weights` lie in (0, 1]."""

    products: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()

    @cached_property
    def by_index(self) -> dict[int, float]:
        """The weights by product index, still best first; made once, as a model serves many requests."""
        return dict(zip(self.products, self.weights, strict=True))


class SourceWeights(Struct, frozen=True, kw_only=True):
    """How much each source weighs in a score; every source is scaled to [0, 1] before."""

    bought_together: float = 1.0
    viewed_together: float = 1.0
    similar_product: float = 0.2
    segment_trend: float = 0.05
    category_interest: float = 0.3
    price_fit: float = 0.02
    new: float = 0.02
    popular: float = 0.05


class WordWeights(Struct, frozen=True, kw_only=True):
    """How much the words of names tell, as `domain.ranking.tfidf` says: `idf` by word, `rare` for all others."""

    idf: dict[str, float] = {}
    rare: float = 1.0


class PriceFit(Struct, frozen=True, kw_only=True):
    """How far a segment's purchases lie from their category's median: mean and deviation of log price ratios."""

    mean: float = 0.0
    deviation: float = 1.0


class Tuning(Struct, frozen=True, kw_only=True, rename={"ndcg_of_default_weights": "ndcg_of_default_blend"}):
    """How the model's choices were made: by which seed, in how many trials, on how many events, and what the best scored.

    `ndcg` is the mean NDCG@20 of `n_customers` over held-out events of the shop, `ndcg_of_default_weights` what
    the same neighbours reach with the documented weights of the sources; both are 0 where nothing could be held out.
    """

    seed: int = 0
    trials: int = 0
    n_events: int = 0
    n_customers: int = 0
    ndcg: float = 0.0
    ndcg_of_default_weights: float = 0.0


class TunedConfig(Struct, frozen=True, kw_only=True, rename=PUBLIC_NAMES):
    """All that tuning chooses; the defaults serve a shop with too few events to hold any out.

    A category whose rate of rebuying is `rebuy_rate` or more counts as rebought.
    """

    hyperparameters: Hyperparameters = Hyperparameters()
    source_weights: SourceWeights = SourceWeights()
    seen_again: float = 0.0
    rebuy_rate: float = 0.25
    variety: float = 0.5
    tuning: Tuning = Tuning()


class Model(Struct, frozen=True, kw_only=True, rename=PUBLIC_NAMES):
    """One version of what was learned; instants in microseconds, `model_id` is `untrained` before the first training.

    `rebuy_days` has the categories that people rebuy, with the usual days in between; `median_prices` are those of the
    products bought in a category; `segment_events` counts what each segment's trend rests on. Products above
    `newest_product_index` came after the training. `seen_again` is what a product in the customer's history gets
    for itself, None where nothing seen may come back; `variety` is the power of the penalties for more of the same: 0 takes
    them away.
    """

    model_id: str = "untrained"
    trained_at: int = 0
    newest_event_at: int = 0
    newest_product_index: int = -1
    n_events: int = 0
    n_customers: int = 0
    n_products: int = 0
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    source_weights: SourceWeights = field(default_factory=SourceWeights)
    seen_again: float | None = 0.0
    rebuy_rate: float = 0.25
    variety: float = 0.5
    tuning: Tuning = field(default_factory=Tuning)
    segment_rule: SegmentRule = field(default_factory=SegmentRule)
    rebuy_days: dict[str, float] = {}
    median_prices: dict[str, float] = {}
    price_fit: dict[Segment, PriceFit] = {}
    words: WordWeights = field(default_factory=WordWeights)
    popular: WeightedProducts = field(default_factory=WeightedProducts)
    segment_trends: dict[Segment, WeightedProducts] = {}
    segment_events: dict[Segment, int] = {}

    @property
    def choice(self) -> TunedConfig:
        """What tuning chose."""
        return TunedConfig(
            hyperparameters=self.hyperparameters,
            source_weights=self.source_weights,
            seen_again=self.seen_again or 0.0,
            rebuy_rate=self.rebuy_rate,
            variety=self.variety,
            tuning=self.tuning,
        )


UNTRAINED = Model()
