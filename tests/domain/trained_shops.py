"""Trained shops in memory."""

from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.ranking.model import TunedConfig
from domain.training.train import train_model
from tests.domain.event_logs import training_data
from tests.domain.shop import NOW_US, product

DEFAULTS = TunedConfig()
TWO_CATEGORIES = [product(index, category=f"c{index // 6}") for index in range(12)]


def train(log, products, assigned=None, *, config=DEFAULTS):
    data = training_data(log, products, assigned)
    return train_model(data, config=config, model_id="m", trained_at=NOW_US)


def replay_of(log, products=TWO_CATEGORIES, assigned=None, **config):
    """Return the replay of a shop trained with the defaults, and its model with the given fields of the config."""
    trained = train(log, products, assigned)
    return Replay(training_data(log, products, assigned), trained), replace(
        trained.model, config=replace(DEFAULTS, **config)
    )
