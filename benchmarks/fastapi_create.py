"""`customer/create` with FastAPI and Mangum, on the same fields and storage, to compare cold starts."""

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Response
from mangum import Mangum
from pydantic import BaseModel, ConfigDict, StringConstraints

from domain.records.customers import NewCustomer
from infra.storage.sqlite import open_sqlite

CustomerId = Annotated[str, StringConstraints(max_length=128, pattern=r"^[^\s\x00-\x1f]+(?: [^\s\x00-\x1f]+)*$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]

app = FastAPI(openapi_url=None)
exit_stack = AsyncExitStack()
repositories = []


class CustomerIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    customer_id: CustomerId | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=32)] | None = None
    segment: Literal["Premium", "Regular", "Budget"] | None = None


class CustomerOut(CustomerIn):
    customer_id: str
    segment_source: str
    created_at: datetime


@app.post("/customer/create", status_code=201)
async def create(data: CustomerIn, response: Response) -> CustomerOut:
    if not repositories:
        path = Path(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
        repositories.append(await exit_stack.enter_async_context(open_sqlite(path, currency="EUR")))
    new = NewCustomer(**data.model_dump(exclude_none=True))
    customer = await repositories[0].create_customer(new, now=datetime.now(UTC))
    response.headers["location"] = f"/customer/get-profile/{customer.customer_id}"
    return CustomerOut(**{name: getattr(customer, name) for name in CustomerOut.model_fields})


asyncio.set_event_loop(asyncio.new_event_loop())
handler = Mangum(app, lifespan="off")
