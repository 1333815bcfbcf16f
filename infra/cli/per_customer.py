"""`python main.py evaluate --per-customer FILE.csv`: write the metrics of each customer, for paired comparisons."""

import csv
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from domain.errors import ConfigurationError
from domain.evaluation.measurement import CustomerMetrics
from domain.training.event_log import EventLog
from infra.use_cases.evaluate import OnCustomers

COLUMNS = ("model", "customer_id", "newcomer", "recall", "ndcg", "hit_rate", "mrr")


@contextmanager
def per_customer_file(path: Path | None) -> Generator[OnCustomers | None]:
    """Open the file for writing, and yield what writes a model's rows to it; without a path yield None.

    A row has the id of a customer, whether the customer is a newcomer (1 or 0), and four metrics, each in [0, 1].
    """
    if path is None:
        yield None
        return
    with _opened(path) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)

        def write(model: str, log: EventLog, own: CustomerMetrics) -> None:
            trained = set(log.customers.tolist())
            values = zip(own.customers.tolist(), own.recall, own.ndcg, own.hit_rate, own.mrr, strict=True)
            for customer, *metrics in values:
                row = [repr(float(value)) for value in metrics]
                writer.writerow([model, log.customer_ids[customer], int(customer not in trained), *row])

        yield write


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}.") from error
