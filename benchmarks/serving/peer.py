"""The peer of `process-browsing`: FastAPI, cosine neighbours of `implicit`, and one INSERT into SQLite per event.

It records an event durably, reads the newest 300 products of its customer, and answers ten product ids. It has no reasons,
filters, product data or checks of ids, and keeps its neighbours in memory, computed at the start from all events of its
database. One worker, and no threads: SQLite on the event loop is the fastest form for one client.
"""

import os
import sqlite3
import time
import warnings
from typing import Literal

import numpy as np
from fastapi import FastAPI
from implicit.nearest_neighbours import CosineRecommender
from pydantic import BaseModel
from scipy.sparse import csr_matrix

N_NEIGHBOURS = 100
HISTORY_LENGTH = 300
LIST_LENGTH = 10


class BrowsingEvent(BaseModel):
    customer_id: str
    product_id: str
    event_type: Literal["view", "cart", "wishlist"] = "view"


class ProductIds(BaseModel):
    product_ids: list[str]


database = sqlite3.connect(os.environ["PEER_DATABASE"], isolation_level=None, check_same_thread=False)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
product_ids = [
    product_id for (product_id,) in database.execute("SELECT DISTINCT product_id FROM events ORDER BY product_id")
]
columns = {product_id: column for column, product_id in enumerate(product_ids)}


def train() -> CosineRecommender:
    rows: dict[str, int] = {}
    pairs = [
        (rows.setdefault(customer_id, len(rows)), columns[product_id])
        for customer_id, product_id in database.execute("SELECT DISTINCT customer_id, product_id FROM events")
    ]
    customers, products = np.array(pairs).T
    model = CosineRecommender(K=N_NEIGHBOURS, num_threads=1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Method expects CSR input")  # the library makes that matrix itself
        model.fit(csr_matrix((np.ones(len(pairs)), (customers, products))), show_progress=False)
    return model


model = train()
app = FastAPI(openapi_url=None)


@app.post("/recommendations/process-browsing", status_code=201)
async def process_browsing(event: BrowsingEvent) -> ProductIds:
    database.execute(
        "INSERT INTO events VALUES (?, ?, ?, ?)", (event.customer_id, event.product_id, event.event_type, time.time())
    )
    newest = database.execute(
        "SELECT product_id FROM events WHERE customer_id = ? ORDER BY occurred_at DESC LIMIT ?",
        (event.customer_id, HISTORY_LENGTH),
    )
    seen = sorted({columns[product_id] for (product_id,) in newest if product_id in columns})
    history = csr_matrix((np.ones(len(seen)), seen, [0, len(seen)]), shape=(1, len(product_ids)))
    best, _ = model.recommend(0, history, N=LIST_LENGTH)
    return ProductIds(product_ids=[product_ids[column] for column in best])
