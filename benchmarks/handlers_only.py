"""The handlers of this project without its authentication and validation."""

from litestar import Litestar, Request
from litestar.di import Provide

from infra.background.gc import tune_gc
from infra.settings import read_settings
from infra.storage.opening import Storage
from main import ENDPOINTS

storage = Storage(read_settings)


class Trusted(Request):
    auth = "backend"


app = Litestar(
    ENDPOINTS,
    request_class=Trusted,
    dependencies={"shop": Provide(storage.shop)},
    lifespan=[tune_gc],
    on_shutdown=[storage.close],
    logging_config=None,
    openapi_config=None,
)
