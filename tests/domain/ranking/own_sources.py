"""Own sources for tests."""

import numpy as np

from domain.ranking import own_sources
from domain.ranking.extension import OwnSource


def use_own_sources(monkeypatch, *sources):
    monkeypatch.setattr(own_sources, "OWN_SOURCES", sources)


def table_source(name="picked", weight=0.5, **values):
    """Return a source with the values given as `p<index>=value`, 0 for all other products."""
    by_index = {int(product[1:]): value for product, value in values.items()}

    def scores(products, inputs, *, now):
        return np.array([by_index.get(index, 0.0) for index in products.tolist()])

    return OwnSource(name=name, weight=weight, scores=scores)
