"""A Litestar application with one route that returns a constant: the most that the framework and the server reach."""

from litestar import Litestar, get


@get("/trivial")
async def trivial() -> dict[str, str]:
    return {"hello": "world"}


app = Litestar([trivial], logging_config=None, openapi_config=None)
