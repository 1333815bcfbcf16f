"""`python -m tests.fuzz.files N --seed S --first F`: import N mutated files of all layouts; print those with findings.

The same arguments make the same files. Each must be stored, or refused with a reason: no other error, no line that is not
counted, no personal value in a reason, nothing new when the same file comes again, no hang, and bounded memory.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from domain.errors import ConfigurationError
from infra.ingest import ImportOptions, import_files
from infra.progress import NoProgress
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests.conftest import NOW
from tests.fuzz.mutated_files import mutated_file
from tests.fuzz.run import faults_of_database

SECONDS_PER_FILE = 20
FILES_PER_SHOP = 200
MAX_RESIDENT_MEGABYTES = 500
PERSONAL = re.compile(r"canary", re.IGNORECASE)
IN_MEMORY = Path("/dev/shm")
NOT_NEW = {"new", "changed", "replaced"}
"""What a second import of the same file must not count."""


class Hang(Exception):
    """A file took longer than it may."""


def ring(_signal, _frame):
    raise Hang


def write(path, content):
    path.write_bytes(content)
    return path


def remove(path):
    path.unlink()
    Path(f"{path}.rejected.jsonl").unlink(missing_ok=True)


async def import_one(repository, options):
    """Return the report of an import, or the message of its refusal."""
    try:
        return await import_files(options, store=repository, now=NOW, progress=NoProgress(), say=lambda _: None)
    except ConfigurationError as error:
        return str(error)


def faults_of(result, path):
    """Return what is wrong with the report or the refusal of one import."""
    if isinstance(result, str):
        # What a file has instead of a header is named, as the message could not help otherwise.
        result = result.partition("Did you mean")[0]
        return ["a refusal without a reason"] * (len(result) < 10) + [f"a personal refusal: {result}"] * bool(
            PERSONAL.search(result)
        )
    found = []
    counted = sum(result.counts.values())
    if counted != result.read:
        found.append(f"read {result.read} lines, counted {dict(result.counts)}")
    reasons = "\n".join(result.reasons())
    if PERSONAL.search(reasons):
        found.append(f"a personal reason: {reasons}")
    rejected = Path(f"{path}.rejected.jsonl")
    lines = [json.loads(line) for line in rejected.read_text().splitlines()] if rejected.exists() else []
    if len(lines) != result.counts["refused"] or not all(line["line"] and line["reason"] for line in lines):
        found.append(f"{result.counts['refused']} refused, {len(lines)} listed: {lines[:3]}")
    if PERSONAL.search(str(lines)):
        found.append("a personal list of refusals")
    return found


async def try_file(repository, folder, number, *, seed):
    """Import one file, in a third of the cases twice; return the outcome and the findings."""
    rng = random.Random(f"{seed} {number}")
    file = mutated_file(rng)
    path = write(folder / file.name, file.content)
    options = ImportOptions(paths=(str(path),), kind=file.kind, **file.options)
    signal.alarm(SECONDS_PER_FILE)
    try:
        result = await import_one(repository, options)
        found = faults_of(result, path)
        if not isinstance(result, str) and rng.random() < 0.3:
            again = await import_one(repository, options)
            found += faults_of(again, path)
            new = {} if isinstance(again, str) else {name: n for name, n in again.counts.items() if name in NOT_NEW and n}
            if isinstance(again, str) or (new and not file.is_about_now):
                found.append(f"the same file again: {new or again}")
    except Hang:
        result, found = "hang", ["a hang"]
    except BaseException:  # noqa: BLE001 - any other exception is a finding
        result, found = "error", [traceback.format_exc(limit=-4)]
    finally:
        signal.alarm(0)
        remove(path)
    outcome = result if isinstance(result, str) else "stored, some refused" if result.counts["refused"] else "stored"
    outcome = "not understood" if isinstance(result, str) and result not in {"hang", "error"} else outcome
    return outcome, [f"{number}: {finding}\n  {file.kind} {file.options} {file.content[:700]!r}" for finding in found]


async def fuzz_files(numbers, *, seed, folder):
    """Import files into one new shop; return the number of files by outcome, and the findings."""
    outcomes, findings = Counter(), []
    database = folder / "shop.db"
    async with open_repository(Settings(database_url=f"sqlite:///{database}")) as repository:
        for number in numbers:
            outcome, found = await try_file(repository, folder, number, seed=seed)
            outcomes[outcome] += 1
            findings += found
    return outcomes, findings + faults_of_database(database)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.files", description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=1000, help="number of files")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to repeat a finding")
    parsed = parser.parse_args()
    signal.signal(signal.SIGALRM, ring)
    started_at = time.monotonic()
    outcomes, findings = Counter(), []
    end = parsed.first + parsed.n
    for begin in range(parsed.first, end, FILES_PER_SHOP):
        with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as name, contextlib.chdir(name):
            numbers = range(begin, min(begin + FILES_PER_SHOP, end))
            more, found = asyncio.run(fuzz_files(numbers, seed=parsed.seed, folder=Path(name)))
        outcomes += more
        findings += found
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if megabytes > MAX_RESIDENT_MEGABYTES:
        findings.append(f"{megabytes} MB of memory")
    counts = ", ".join(f"{outcome}: {n:,}" for outcome, n in sorted(outcomes.items()))
    sys.stdout.write(
        f"{parsed.n:,} files of seed {parsed.seed} in {time.monotonic() - started_at:.0f} s, {megabytes} MB. {counts}."
        f" Findings: {len(findings)}.\n"
    )
    for finding in findings[:12]:
        sys.stdout.write(f"{finding}\n\n")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
