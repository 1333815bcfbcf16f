"""`customer/create` as FastAPI behind Mangum: the same fields and the same storage, for a comparison of cold starts."""

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

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]

app = FastAPI(openapi_url=None)
opened = AsyncExitStack()
repositories = []


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    customer_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=32)] | None = None
    segment: Literal["Premium", "Regular", "Budget"] | None = None


class Made(Given):
    customer_id: str
    segment_source: str
    created_at: datetime


@app.post("/customer/create", status_code=201)
async def create(data: Given, response: Response) -> Made:
    if not repositories:
        path = Path(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
        repositories.append(await opened.enter_async_context(open_sqlite(path, currency="EUR")))
    made = await repositories[0].create_customer(NewCustomer(**data.model_dump(exclude_none=True)), now=datetime.now(UTC))
    response.headers["location"] = f"/customer/get-profile/{made.customer_id}"
    fields = {name: getattr(made, name) for name in Made.model_fields}
    return Made(**fields)


asyncio.set_event_loop(asyncio.new_event_loop())
handler = Mangum(app, lifespan="off")
