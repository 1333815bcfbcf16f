"""What training learned of a shop: the model, and the lists of products that are stored beside it."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import astuple, replace

from domain.ranking.hyperparameters import Hyperparameters
from domain.records.customers import Segment, SegmentRule

MAX_MODEL_CATEGORIES = 5000
"""A model keeps figures of the categories with most purchases only, because every process reads it whole."""

MIN_EVIDENCE_WEIGHT = 0.001
"""Popularity and newness always count a little: they order the products that have no other score."""

WIRE_NAMES = {"hyperparameters": "recipe", "source_weights": "blend", "ndcg_of_default_weights": "ndcg_of_default_blend"}
"""Names in `/health` and in stored models, kept since the first release."""


class SourceWeights(Struct, frozen=True, kw_only=True):
    """The weight of each source in a score; sources are scaled to [0, 1] before.

    `own` has the tuned weights of sources that the shop added, by name; names of sources that it removed do not count.
    """

    bought_together: float = 1.0
    viewed_together: float = 1.0
    similar_product: float = 0.2
    segment_trend: float = 0.05
    category_interest: float = 0.3
    price_fit: float = 0.02
    new: float = 0.02
    popular: float = 0.05
    own: dict[str, float] = {}

    def __hash__(self) -> int:
        # Litestar hashes the defaults of fields, and a dict has no hash.
        return hash((astuple(self)[:-1], frozenset(self.own.items())))


class NewcomerPopularity(Struct, frozen=True, kw_only=True):
    """How popularity counts for customers without history, who may want what all others have already.

    `event_exponent`, `trend_days`, `momentum_exponent` and `segment_smoothing` are like those of the hyperparameters. A
    customer's events with a product count as their number to the power of `repeat_exponent`: 0 counts each customer once.
    Each event weighs the number of events of the customer's day to the power of `-visit_exponent`.
    """

    event_exponent: float = 1.0
    trend_days: float = 30.0
    momentum_exponent: float = 0.0
    repeat_exponent: float = 0.5
    visit_exponent: float = 0.5
    segment_smoothing: float = 200.0


def with_evidence(weights: SourceWeights) -> SourceWeights:
    """Raise the weights of popularity and newness to their lower bound."""
    return replace(weights, new=max(weights.new, MIN_EVIDENCE_WEIGHT), popular=max(weights.popular, MIN_EVIDENCE_WEIGHT))


class Shape(Struct, frozen=True, kw_only=True):
    """A learned function of one feature: straight lines between `knots`, from 0 up to the last of its `values`.

    Both ascend and are equally long; `ranking.shapes` names the features.
    """

    feature: str
    knots: tuple[float, ...]
    values: tuple[float, ...]


class Tuning(Struct, frozen=True, kw_only=True, rename=WIRE_NAMES):
    """How the config was chosen: seed, number of trials and events, and the score of the best trial.

    `ndcg` is the mean NDCG@20 of `n_customers` on held-out events of the shop; `ndcg_of_default_weights` is that of the
    same neighbours with the documented source weights, without own sources. Both are 0 where no events could be held out.
    `rejected_ndcg` is the score of a later tuning that was not taken, because it scored less than `ndcg` on the same
    held-out events; else 0. A ranker was fitted to `ranker_customers`, 0 if none was tried; it raised the NDCG of customers
    whom it was not fitted to by `ranker_gain`, 0 if it was not kept.
    """

    seed: int = 0
    trials: int = 0
    n_events: int = 0
    n_customers: int = 0
    ndcg: float = 0.0
    ndcg_of_default_weights: float = 0.0
    rejected_ndcg: float = 0.0
    ranker_customers: int = 0
    ranker_gain: float = 0.0


class TunedConfig(Struct, frozen=True, kw_only=True, rename=WIRE_NAMES):
    """Everything that tuning chooses; the defaults serve a shop with too few events to hold any out.

    `newcomer_weights`, `newcomer_popularity` and `newcomer_variety` apply to customers without history, `source_weights`,
    `shapes` and `variety` to all others. `seen_again` is the score that a product of the customer's history gets for itself.
    The products of the customer's newest step keep `newest_share` of their scores: 0 leaves them out. A category counts as
    rebought from `rebuy_rate` on. `variety` is the power of the penalties for products of one category or brand; 0 switches
    them off. `trial_places` of each ten places are for new products with few customers.
    """

    hyperparameters: Hyperparameters = Hyperparameters()
    source_weights: SourceWeights = SourceWeights()
    newcomer_weights: SourceWeights = SourceWeights()
    shapes: tuple[Shape, ...] = ()
    newcomer_popularity: NewcomerPopularity = NewcomerPopularity()
    newcomer_variety: float | None = None
    seen_again: float = 0.0
    newest_share: float = 1.0
    rebuy_rate: float = 0.25
    variety: float = 0.5
    trial_places: int = 1
    tuning: Tuning = Tuning()

    def weights_for(self, *, has_history: bool) -> SourceWeights:
        """Return the weights of a customer's list, with the lower bound of MIN_EVIDENCE_WEIGHT."""
        return with_evidence(self.source_weights if has_history else self.newcomer_weights)

    def variety_for(self, *, has_history: bool) -> float:
        """Return the variety of a customer's list, the same for newcomers unless another is surely better for them."""
        return self.variety if has_history or self.newcomer_variety is None else self.newcomer_variety


class WeightedProducts(Struct, frozen=True, kw_only=True):
    """Products with a weight each, best first: `products` are product indexes; trends have weights in (0, 1]."""

    products: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()


class WordWeights(Struct, frozen=True, kw_only=True):
    """Inverse document frequencies of the words of names: `idf` by word, `rare` for all other words."""

    idf: dict[str, float] = {}
    rare: float = 1.0


class PriceFit(Struct, frozen=True, kw_only=True):
    """Mean and deviation of a segment's log price ratios to the median price of each product's category."""

    mean: float = 0.0
    deviation: float = 1.0


class Repeats(Struct, frozen=True, kw_only=True):
    """How customers buy the same product of a category again; "" is the whole shop.

    `purchases` are the mean number of further purchases of a buyer, and `days` the median interval; the logarithms of
    intervals have the standard `deviation`.
    """

    purchases: dict[str, float] = {}
    days: dict[str, float] = {}
    deviation: float = 1.0


class Model(Struct, frozen=True, kw_only=True):
    """One version of what was learned; instants in microseconds; `model_id` is `untrained` before the first training.

    `newcomer_popular` and `newcomer_segment_trends` are for customers without history; models of older versions have none.
    `rebuy_days` has the usual interval, in days, of each category that customers rebuy; only lists of what is bought again
    use `repeats`. `median_prices` are those of products bought in a category. `tried` counts the customers of young products
    as their weights, for those with most; all others count as untried. `segment_events` counts the events behind the trend
    of each segment. `alternatives` are the categories whose products replace each other. Products above
    `newest_product_index` came after the training.
    """

    model_id: str = "untrained"
    trained_at: int = 0
    newest_event_at: int = 0
    newest_product_index: int = -1
    n_events: int = 0
    n_customers: int = 0
    n_products: int = 0
    config: TunedConfig = TunedConfig()
    segment_rule: SegmentRule = SegmentRule()
    rebuy_days: dict[str, float] = {}
    repeats: Repeats = Repeats()
    median_prices: dict[str, float] = {}
    price_fit: dict[Segment, PriceFit] = {}
    words: WordWeights = WordWeights()
    popular: WeightedProducts = WeightedProducts()
    segment_trends: dict[Segment, WeightedProducts] = {}
    newcomer_popular: WeightedProducts = WeightedProducts()
    newcomer_segment_trends: dict[Segment, WeightedProducts] = {}
    segment_events: dict[Segment, int] = {}
    alternatives: tuple[str, ...] = ()
    tried: WeightedProducts = WeightedProducts()

    def with_config(self, **chosen: object) -> "Model":
        """Return the model with other fields of its config."""
        return replace(self, config=replace(self.config, **chosen))


UNTRAINED = Model()


class NeighbourLists(Struct, frozen=True, kw_only=True, gc=False):
    """The trained neighbours of one product, one list per source, packed as `ranking.packing` describes.

    `complements` are what completes the product; only lists about products read them.
    """

    product_index: int
    bought_together: bytes
    viewed_together: bytes
    similar_product: bytes
    complements: bytes = b""


Measure = Literal["buyers", "visitors", "rising"]


class ProductActivity(Struct, frozen=True, kw_only=True, gc=False):
    """The products of one measure and day with their values, packed as neighbours are.

    `buyers` and `visitors` are the numbers of customers whose last purchase or event of a product was `age_days` before
    the newest event of the shop; `rising`, at 0 days, has the products that rise, best first.
    """

    measure: Measure
    age_days: int
    products: bytes


class TrainedModel(Struct, frozen=True, kw_only=True):
    """A model with its lists: neighbours per product, the popular products per category path, packed, and the activity."""

    model: Model
    neighbours: list[NeighbourLists]
    category_trends: dict[str, bytes] = {}
    activity: list[ProductActivity] = []
