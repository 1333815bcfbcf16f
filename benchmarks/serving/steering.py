"""What steering and measuring cost: lists under 200 live rules, lists in an experiment, and events that name their list."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.serving.figures import Figure
from benchmarks.serving.shop import Shop, copy_database, repository_of
from domain.records.experiments import Arm, Experiment
from domain.records.interactions import BrowsingEvent
from domain.records.rules import MAX_RULES, Rule, RuleTarget
from infra.storage.sql.repository import SqlRepository
from infra.use_cases.experiment_removal import remove_experiment
from infra.use_cases.experiments import save_experiment
from infra.use_cases.recommend import fresh_list
from infra.use_cases.recommendation_ids import new_recommendation_id
from infra.use_cases.rules import remove_rule, save_rule

PART = "steering"
N_TURNS = 9
N_LISTS = 60
N_EVENTS = 400
PRODUCTS_OF_RULE = 5


async def measure(shop: Shop, folder: Path) -> list[Figure]:
    """Compare the processor time of lists, and events a second, in alternating turns on a copy of the shop."""
    copy = folder / "steering.db"
    copy_database(Path(shop.url.removeprefix("sqlite:///")), copy)
    async with repository_of(shop._replace(url=f"sqlite:///{copy}")) as repository:
        return [
            *await _under_rules(shop, repository),
            *await _in_an_experiment(shop, repository),
            *await _with_recommendation_ids(shop, repository),
        ]


async def _under_rules(shop: Shop, repository: SqlRepository) -> list[Figure]:
    rng = np.random.default_rng(31)
    rules = [_rule(number, shop.draw_products(rng, PRODUCTS_OF_RULE)) for number in range(MAX_RULES)]

    async def enter() -> None:
        for rule in rules:
            await save_rule(repository, rule, now=datetime.now(UTC), actor="bench")

    async def leave() -> None:
        for rule in rules:
            await remove_rule(repository, rule.known_id, actor="bench")

    return await _compared(shop, repository, f"{MAX_RULES} live rules to none, CPU of a fresh list", enter, leave)


async def _in_an_experiment(shop: Shop, repository: SqlRepository) -> list[Figure]:
    experiment = Experiment(
        experiment_id="bench",
        name="The model against itself",
        arms=(Arm(name="a"), Arm(name="b")),
        status="live",
    )

    async def enter() -> None:
        await save_experiment(repository, experiment, now=datetime.now(UTC), actor="bench")

    async def leave() -> None:
        ended = Experiment(experiment_id="bench", name=experiment.name, arms=experiment.arms, status="ended")
        await save_experiment(repository, ended, now=datetime.now(UTC), actor="bench")
        await remove_experiment(repository, "bench", now=datetime.now(UTC), actor="bench")

    return await _compared(shop, repository, "a live experiment to none, CPU of a fresh list", enter, leave)


async def _compared(
    shop: Shop,
    repository: SqlRepository,
    what: str,
    enter: Callable[[], Awaitable[None]],
    leave: Callable[[], Awaitable[None]],
) -> list[Figure]:
    rng = np.random.default_rng(32)
    customer_ids = shop.draw_customers(rng, N_LISTS)
    await _cpu_of_lists(repository, customer_ids)
    first, ratios = list[float](), list[float]()
    for _ in range(N_TURNS):
        without = await _cpu_of_lists(repository, customer_ids)
        await enter()
        # Once after each change, a process decides for each product which rules are about it.
        first.append(await _cpu_of_lists(repository, customer_ids) / without)
        ratios.append(await _cpu_of_lists(repository, customer_ids) / without)
        await leave()
    return [
        Figure(PART, f"{what}, first list of a customer after the change", float(np.median(first)), "times"),
        Figure(PART, what, float(np.median(ratios)), "times"),
    ]


async def _cpu_of_lists(repository: SqlRepository, customer_ids: Sequence[str]) -> float:
    started_at = time.process_time()
    for customer_id in customer_ids:
        await fresh_list(repository, customer_id, now=datetime.now(UTC))
    return time.process_time() - started_at


async def _with_recommendation_ids(shop: Shop, repository: SqlRepository) -> list[Figure]:
    rng = np.random.default_rng(33)
    rates: list[tuple[float, float]] = []
    for _ in range(1 + N_TURNS):
        customer_ids, product_ids = shop.draw_customers(rng, 2 * N_EVENTS), shop.draw_products(rng, 2 * N_EVENTS)
        events = [
            BrowsingEvent(customer_id=customer_id, product_id=product_id)
            for customer_id, product_id in zip(customer_ids, product_ids, strict=True)
        ]
        named = [
            BrowsingEvent(
                customer_id=event.customer_id,
                product_id=event.product_id,
                recommendation_id=await new_recommendation_id(
                    repository, "for-customer", model_id="bench", placement="home", now=datetime.now(UTC)
                ),
            )
            for event in events[N_EVENTS:]
        ]
        rates.append((await _events_a_second(repository, named), await _events_a_second(repository, events[:N_EVENTS])))
    measured = np.array(rates[1:])
    return [
        Figure(PART, "events that name their list", float(np.median(measured[:, 0])), "events/s"),
        Figure(PART, "events without", float(np.median(measured[:, 1])), "events/s"),
        Figure(PART, "with to without", float(np.median(measured[:, 0] / measured[:, 1])), "times"),
    ]


async def _events_a_second(repository: SqlRepository, events: Sequence[BrowsingEvent]) -> float:
    started_at = time.perf_counter()
    for event in events:
        await repository.record([event], now=datetime.now(UTC))
    return len(events) / (time.perf_counter() - started_at)


def _rule(number: int, product_ids: Sequence[str]) -> Rule:
    """Return a rule that moves some products a little, so that lists stay about as they are."""
    return Rule(
        rule_id=f"bench-{number}",
        name=f"Rule {number}",
        action="boost",
        strength=1,
        target=RuleTarget(product_ids=tuple(dict.fromkeys(product_ids))),
        status="live",
    )
