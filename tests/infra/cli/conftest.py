"""A folder with the files of a small shop, and its database."""

import pytest


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "products.csv").write_text("product_id,name,category,price\np-1,Tent,outdoor,99\np-2,Stove,outdoor,29\n")
    (tmp_path / "events.csv").write_text(
        "customer_id,product_id,event_type,order_id\nc-1,p-1,purchase,o-1\nc-2,p-1,purchase,o-2\nc-2,p-2,purchase,o-2\n"
    )
    return tmp_path
