"""Read what `python main.py evaluate` measures: files, or the database of the shop."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from msgspec.structs import replace

from domain.errors import ConfigurationError
from domain.evaluation.splitting import Split
from domain.records.currencies import Currencies
from domain.records.products import Product
from domain.training.training_data import TrainingData
from domain.training.variants import representatives
from infra.cli.arguments import parse_mapping
from infra.ingest.evaluation_files import (
    IdMap,
    check_mapping,
    read_log,
    read_products,
    read_ranking,
    read_segments,
    unlisted_product,
)
from infra.progress import Progress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.evaluate import EvaluationData, split_for_evaluation
from infra.use_cases.evaluate_rules import replayed_rules
from infra.use_cases.train import read_training_data


def from_files(parsed: argparse.Namespace, settings: Settings) -> EvaluationData:
    customers, numbers, mapping = IdMap(), IdMap(), parse_mapping(parsed.map)
    check_mapping(mapping)
    currencies = Currencies(own=settings.currency, rates=settings.rates)
    products = read_products(parsed.products, numbers, currencies=currencies, mapping=mapping) if parsed.products else []
    read = partial(read_log, customers=customers, products=numbers, currencies=currencies, mapping=mapping)
    log = read(parsed.train)
    products += _unlisted(numbers, products, available=not parsed.products)
    chosen = representatives(products, log)
    log = chosen.merge(log)
    if parsed.test:
        test = chosen.merge(read(parsed.test))
        split = Split(train=replace(log, customer_ids=list(customers.indexes)), test=test)
    else:
        split = split_for_evaluation(log, days=parsed.holdout_days, leave_last=parsed.leave_last_out)
        if not parsed.products:
            trained = set(split.train.products.tolist())
            products = [product for product in products if product.product_index in trained]
    assigned = read_segments(parsed.customers, currencies=currencies, mapping=mapping) if parsed.customers else {}
    ranking = (
        read_ranking(parsed.ranking, customers=customers.indexes, products=numbers.indexes, mapping=mapping)
        if parsed.ranking
        else {}
    )
    train = TrainingData(log=split.train, products=products, assigned=assigned, representatives=chosen)
    return EvaluationData(train=train, test=split.test, ranking=ranking)


def _unlisted(numbers: IdMap, products: Sequence[Product], *, available: bool) -> list[Product]:
    """Return the products that only events name; beside a catalogue file they are not available."""
    listed = {product.product_index for product in products}
    return [
        unlisted_product(product_id, index, available=available)
        for product_id, index in numbers.indexes.items()
        if index not in listed
    ]


async def from_database(parsed: argparse.Namespace, settings: Settings, *, progress: Progress) -> EvaluationData:
    if parsed.test or parsed.products or parsed.customers or parsed.map:
        raise ConfigurationError(
            "--test, --products, --customers and --map go with --train; without --train the database is evaluated."
        )
    async with open_repository(settings) as repository:
        progress.begin("Reading events", (await repository.summary()).n_events)
        data = await read_training_data(repository, progress=progress)
        rules = await replayed_rules(repository, now=datetime.now(UTC))
    split = split_for_evaluation(data.log, days=parsed.holdout_days, leave_last=parsed.leave_last_out)
    ranking = read_ranking(parsed.ranking, customers=_numbered(data), products=_indexed(data)) if parsed.ranking else {}
    return EvaluationData(train=replace(data, log=split.train), test=split.test, ranking=ranking, rules=rules)


def _numbered(data: TrainingData) -> dict[str, int]:
    return {customer_id: number for number, customer_id in enumerate(data.log.customer_ids)}


def _indexed(data: TrainingData) -> dict[str, int]:
    return {product.product_id: product.product_index for product in data.products}
