"""`make fuzz N=10000 SEED=1 FIRST=0`: the same arguments send the same requests; a finding is told with its number."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.run import faults_of_database, fuzz
from tests.fuzz.shop import API_KEYS, KEYS, fuzzed_shop

BACKEND, STOREFRONT = ([(b"authorization", f"Bearer {key}".encode())] for key in KEYS.values())
IDENTITIES = [*[BACKEND] * 8, STOREFRONT, []]
OF_ONE_SHOP = 50_000
"""After so many requests comes a new shop: the longer its customers' histories, the longer an export."""
IN_MEMORY = Path("/dev/shm")
"""What the disk does is tried elsewhere; here a COMMIT takes no time."""


async def send(numbers, *, seed, in_memory):
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        database = Path(folder) / "shop.db"
        async with fuzzed_shop(database, api_keys=API_KEYS) as app:
            statuses, wrong = await fuzz(app, numbers, seed=seed, identities=IDENTITIES)
        return statuses, wrong + faults_of_database(database)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=10_000, help="how many requests")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="the number of the first, to send a finding again")
    parsed = parser.parse_args()
    began = time.monotonic()
    statuses, wrong = Counter(), []
    everything = range(parsed.first, parsed.first + parsed.n)
    for begin in range(0, parsed.n, OF_ONE_SHOP):
        numbers = everything[begin : begin + OF_ONE_SHOP]
        more, found = asyncio.run(send(numbers, seed=parsed.seed, in_memory=IN_MEMORY if IN_MEMORY.is_dir() else None))
        statuses += more
        wrong += found
        sys.stderr.write(f"{begin + len(numbers):,} requests, {len(wrong)} answered wrongly\n")
    told = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    seconds = time.monotonic() - began
    sys.stdout.write(f"{parsed.n:,} requests of seed {parsed.seed} in {seconds:.0f} s. {told}. Wrong: {len(wrong)}.\n")
    for line in wrong[:20]:
        sys.stdout.write(f"{line}\n\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
