"""Explain the lists of a model: leave out one part after the other, and compare the lists on the held-out events."""

from collections.abc import Iterator

from domain.evaluation.baselines import RankingTask, model_of
from domain.evaluation.explanation import Explained, PartResult, part_result
from domain.evaluation.parts import Part, neighbour_parts, weighted_parts
from domain.evaluation.replay import Replay
from domain.ranking.model import Model
from domain.training.neighbours import NeighbourModels, learn_neighbours
from domain.training.train import train_model
from domain.training.training_data import TrainingData
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions, comparable_truth, tuned_config


def explain(data: EvaluationData, options: EvaluationOptions, *, name: str, progress: Progress) -> Iterator[PartResult]:
    """Yield what each part earns in the lists of one of the `additive_models`.

    Raises ConfigurationError, before computing anything, if nothing can be compared.
    """
    train, ground_truth = data.train, comparable_truth(data, options)
    config = tuned_config(train, options, progress=progress)
    learned = learn_neighbours(train, config.hyperparameters)
    trained = train_model(train, config=config, known=learned, model_id="evaluated", trained_at=train.log.newest)
    task = RankingTask(
        replay=Replay(train, trained, rules=data.rules), available=train.available, seen=options.seen, k=options.k
    )
    explained = Explained(name=name, model=model_of(name, trained.model), task=task, ground_truth=ground_truth)
    parts = parts_of(explained.model, learned, train)
    progress.begin("Ranking without each part", len(parts))
    ndcg = explained.ndcg()
    for done, part in enumerate(parts, start=1):
        # Lists are the same without a part that they do not use.
        without = explained.ndcg_without(part) if part.weight else ndcg
        progress.reach(done)
        yield part_result(part, model=name, ndcg=ndcg, without=without)


def parts_of(model: Model, learned: NeighbourModels, data: TrainingData) -> list[Part]:
    """Return all parts of the lists of a model; those of the neighbours only where these count."""
    weights = model.config.source_weights
    has_neighbours = weights.bought_together > 0 or weights.viewed_together > 0
    return [*weighted_parts(model), *(neighbour_parts(model, learned, data) if has_neighbours else [])]
