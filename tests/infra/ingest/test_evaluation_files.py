"""What an evaluation reads from files."""

from domain.records.currencies import Currencies
from infra.ingest.evaluation_files import IdMap, read_log, read_products

CURRENCIES = Currencies(own="EUR", rates={"USD": 0.5})


def test_money_counts_by_the_rate_of_its_currency(tmp_path):
    events, catalogue = tmp_path / "events.csv", tmp_path / "products.csv"
    events.write_text(
        "customer_id,product_id,event_type,quantity,unit_price,currency\n"
        "a,p,purchase,2,10,\nb,p,purchase,2,10,USD\nc,p,purchase,2,10,CHF\n"
    )
    catalogue.write_text("product_id,price,currency\np,10,\nq,10,USD\nr,10,CHF\n")

    log = read_log([str(events)], customers=IdMap(), products=IdMap(), currencies=CURRENCIES)
    products = read_products(str(catalogue), IdMap(), currencies=CURRENCIES)

    assert log.spent.tolist() == [20.0, 10.0, 0.0]
    assert [product.comparable_price for product in products] == [10.0, 5.0, None]
