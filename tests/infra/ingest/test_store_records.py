"""What storage cannot have is refused, should a reader let it pass."""

from infra.ingest.job import Job
from infra.ingest.options import ImportOptions
from infra.ingest.report import Report
from infra.ingest.staging import Staging
from infra.ingest.store_records import store_products
from infra.progress import NoProgress


async def test_a_product_that_a_record_cannot_hold_is_refused_with_all_its_lines(shop):
    report = Report(["a.csv"], writes_refusals=False)
    options = ImportOptions(kind="products", paths=("a.csv",))
    job = Job(options, shop.repository, "i", shop.now, NoProgress(), report, len)
    with Staging.open() as staging:
        staging.add_record((0, 2), "p", {"product_id": "p", "name": "x" * 300})
        staging.add_record((0, 3), "p", {"product_id": "p", "name": None})
        staging.add_record((0, 4), "q", {"product_id": "q"})
        await store_products(job, staging)

    assert report.counts == {"new": 1, "refused": 2}
    assert list(await shop.products()) == ["q"]
