"""What the checks of a request cost on a stored list: guard, keys and limits, in CPU time of the server."""

from contextlib import ExitStack

import numpy as np

from benchmarks import servers, wrk
from benchmarks.serving.figures import Figure
from benchmarks.serving.shop import Shop
from infra.keys import hash_of, new_key

N_TURNS = 30
N_KEYS = 4
NEVER_REACHED = "20000"
"""Requests a second, more than one worker answers."""


def measure(shop: Shop) -> list[Figure]:
    """Load, in turns: the handlers without any check, the application with keys, and with keys and both limits."""
    keys = [new_key() for _ in range(N_KEYS)]
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in zip(["backend", "storefront"] * 2, keys, strict=True))
    path = f"/recommendations/{shop.customer_with(600)}"
    settings = {"CURRENCY": shop.currency, "API_KEYS": api_keys, "REUSE_SECONDS": "86400"}
    limits = {"RATE_LIMIT_PER_SECOND": NEVER_REACHED, "ADDRESS_LIMIT_PER_SECOND": NEVER_REACHED}
    no_limits = {"RATE_LIMIT_PER_SECOND": "0", "ADDRESS_LIMIT_PER_SECOND": "0"}
    with ExitStack() as stack:
        compared = {
            "no checks": servers.granian("benchmarks.handlers_only:app", DATABASE_URL=shop.url, **settings, **no_limits),
            "guard and keys": servers.shop(shop.url, port=servers.PORT + 1, **settings, **no_limits),
            "guard, keys and limits": servers.shop(shop.url, port=servers.PORT + 2, **settings, **limits),
        }
        running = [stack.enter_context(server) for server in compared.values()]
        turns = [[wrk.cpu_microseconds(server, path, key=keys[0]) for server in running] for _ in range(1 + N_TURNS)]
    microseconds = np.array(turns[1:])
    part = "stored list, CPU of a request"
    shares = np.median(microseconds / microseconds[:, :1], axis=0).tolist()
    return [
        *(
            Figure(part, what, value, "µs")
            for what, value in zip(compared, np.median(microseconds, axis=0).tolist(), strict=True)
        ),
        *(
            Figure(part, f"{what}, to no checks", share, "times")
            for what, share in list(zip(compared, shares, strict=True))[1:]
        ),
    ]
