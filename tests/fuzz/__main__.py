"""`make fuzz N=10000 SEED=1 FIRST=0`: the same arguments send the same requests; each finding has its request number."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.run import faults_of_database, fuzz
from tests.fuzz.shop import API_KEYS, KEYS, browser_token, fuzzed_shop

BACKEND, STOREFRONT = ([(b"authorization", f"Bearer {key}".encode())] for key in KEYS.values())
IDENTITIES = [*[BACKEND] * 8, STOREFRONT, []]
REQUESTS_PER_SHOP = 50_000
"""A new shop follows after this many requests: exports become slow with long histories."""
IN_MEMORY = Path("/dev/shm")
"""A folder in memory makes COMMIT fast; other tests cover the disk."""


async def send(numbers, *, seed, in_memory):
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        database = Path(folder) / "shop.db"
        async with fuzzed_shop(database, api_keys=API_KEYS) as app:
            browser = [(b"authorization", f"Bearer {await browser_token(app)}".encode())]
            statuses, findings = await fuzz(app, numbers, seed=seed, identities=[*IDENTITIES, browser])
        return statuses, findings + faults_of_database(database)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=10_000, help="number of requests")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="number of the first request, to repeat a finding")
    parsed = parser.parse_args()
    started_at = time.monotonic()
    statuses, findings = Counter(), []
    all_numbers = range(parsed.first, parsed.first + parsed.n)
    for begin in range(0, parsed.n, REQUESTS_PER_SHOP):
        numbers = all_numbers[begin : begin + REQUESTS_PER_SHOP]
        more_statuses, more_findings = asyncio.run(
            send(numbers, seed=parsed.seed, in_memory=IN_MEMORY if IN_MEMORY.is_dir() else None)
        )
        statuses += more_statuses
        findings += more_findings
        sys.stderr.write(f"{begin + len(numbers):,} requests, {len(findings)} findings\n")
    counts = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    seconds = time.monotonic() - started_at
    sys.stdout.write(
        f"{parsed.n:,} requests of seed {parsed.seed} in {seconds:.0f} s. {counts}. Findings: {len(findings)}.\n"
    )
    for line in findings[:20]:
        sys.stdout.write(f"{line}\n\n")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
