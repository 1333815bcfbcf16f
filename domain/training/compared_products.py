"""What training learns from the catalogue alone."""

from functools import cached_property

from msgspec import Struct

from domain.ranking.content_similarity import name_of, similar_products
from domain.ranking.model import WordWeights
from domain.ranking.packing import pack
from domain.ranking.tfidf import word_weights
from domain.records.products import Product


class ComparedProducts(Struct, frozen=True, kw_only=True, dict=True):
    """A catalogue, the weights of the words of its names, and the similar products of each product."""

    products: list[Product]

    @cached_property
    def words(self) -> WordWeights:
        return word_weights([name_of(product) for product in self.products])

    @cached_property
    def similar(self) -> dict[int, bytes]:
        """The packed similar products by product index."""
        return {index: pack(indexes, weights) for index, indexes, weights in similar_products(self.products, self.words)}
