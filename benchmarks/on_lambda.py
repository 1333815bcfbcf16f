"""Measure the AWS Lambda figures of docs/benchmarks.md: `make bench-lambda` (about three minutes; needs python3.13).

A cold start is the time from the start of a new process of the runtime's Python to its first answer, on a deployable
artefact. Variants that are compared are measured alternately; the figures are medians.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from rich.console import Console

from infra.packaging.__main__ import CACHE, build, copy_sources, demo_database, entry_of
from infra.packaging.wheels import compile_tree, copy_packages, fetch, python
from tests import postgres

ROOT = Path(__file__).parents[1]
MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
API_KEYS = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]["API_KEYS"]
N_PROCESSES = 25
N_WARM = 3000
PLAIN, READING, WRITING = "CustomerCreate", "RecommendationsForCustomer", "RecommendationsProcessBrowsing"
console = Console(width=120)

COLD = """
import importlib, json, os, sys
sys.path.insert(0, sys.argv[1])
handler = importlib.import_module(sys.argv[2]).handler
answer = handler(json.loads(sys.argv[3]), None)
os.write(2, str(answer["statusCode"]).encode())
os._exit(0)
"""

WARM = """
import importlib, json, os, statistics, sys, time
sys.path.insert(0, sys.argv[1])
handler = importlib.import_module(sys.argv[2]).handler
event, milliseconds = json.loads(sys.argv[3]), []
for _ in range(int(sys.argv[4])):
    started_at = time.perf_counter()
    handler(event, None)
    milliseconds.append((time.perf_counter() - started_at) * 1000)
os.write(2, str(statistics.median(milliseconds[100:])).encode())
os._exit(0)
"""

DEFAULT_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: functions.customer.create.handler, Runtime: python3.13}
"""


class Timing(NamedTuple):
    """Elapsed milliseconds, and CPU milliseconds, which other programs disturb less."""

    elapsed: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.elapsed:.0f} ms, {self.cpu:.0f} ms of CPU"

    def relative_to(self, other: "Timing") -> str:
        return f"{self.elapsed / other.elapsed:.2f} times, {self.cpu / other.cpu:.2f} of CPU"


class Variant(Struct, frozen=True):
    """An artefact with the module of its handler, an event and a database URL."""

    artefact: Path
    module: str
    event: str
    database: str

    def run(self, script: str, *arguments: str) -> tuple[str, Timing]:
        """Run a script on the artefact in a new process that writes no byte code; return the last word of its output."""
        environment = {
            "API_KEYS": API_KEYS,
            "AWS_LAMBDA_FUNCTION_NAME": "function",
            "ALLOW_EPHEMERAL_SQLITE": "1",
            "DATABASE_URL": self.database,
            "LOG_LEVEL": "ERROR",
        }
        command = [python(), "-I", "-B", "-c", script, str(self.artefact), self.module, self.event, *arguments]
        started_at = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        output = process.stderr.read() if process.stderr else ""
        elapsed = (time.perf_counter() - started_at) * 1000
        _, process.returncode, usage = os.wait4(process.pid, 0)
        return output.split()[-1], Timing(elapsed, (usage.ru_utime + usage.ru_stime) * 1000)

    def cold_start(self) -> Timing:
        """Time a new process until the end of its first answer."""
        status, timing = self.run(COLD)
        if status not in {"200", "201"}:
            raise RuntimeError(f"{self.module} answered {status}")
        return timing


def event_of(name: str) -> str:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return json.dumps(event | {"body": "{}"} if name == PLAIN else event)


def build_function(name: str, folder: Path) -> Path:
    build(name, folder / name, machine=MACHINE, demo=False)
    return folder / name


def build_with_fastapi(folder: Path) -> Path:
    """Build the FastAPI variant in the same way as the functions."""
    artefact = folder / "fastapi"
    copy_sources(ROOT / "benchmarks" / "fastapi_create.py", artefact)
    compile_tree(artefact, interpreter=python())
    lock = ROOT / "requirements" / "fastapi.lock"
    copy_packages({"fastapi", "mangum", "msgspec", "aiosqlite"}, fetch(lock, machine=MACHINE, cache=CACHE), artefact)
    return artefact


def build_by_default(folder: Path) -> Path:
    """Build the same code with the default `sam build`."""
    project = folder / "default"
    for package in ("domain", "infra", "functions"):
        shutil.copytree(ROOT / package, project / "code" / package, ignore=shutil.ignore_patterns("__pycache__"))
    lines = (ROOT / "requirements/lambda.txt").read_text().splitlines()
    (project / "code" / "requirements.txt").write_text("\n".join(line for line in lines if not line.startswith("scipy")))
    (project / "template.yaml").write_text(DEFAULT_TEMPLATE)
    path = f"{Path(python()).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
    command = [str(Path(sys.executable).parent / "sam"), "build"]
    subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)
    return project / ".aws-sam" / "build" / "Shop"


def module_of(name: str) -> str:
    return ".".join(entry_of(name).with_suffix("").parts)


def cold_starts(variants: dict[str, Variant]) -> dict[str, Timing]:
    """Start the variants alternately, `N_PROCESSES` times each; return the median of each variant."""
    timings: dict[str, list[Timing]] = {name: [] for name in variants}
    for _ in range(N_PROCESSES + 1):
        for name, variant in variants.items():
            timings[name].append(variant.cold_start())
    return {name: Timing(*map(statistics.median, zip(*rows[1:], strict=True))) for name, rows in timings.items()}


def size_of(artefact: Path, folder: Path) -> str:
    archive = Path(shutil.make_archive(str(folder / "size"), "zip", artefact))
    unzipped = sum(path.stat().st_size for path in artefact.rglob("*") if path.is_file())
    return f"{unzipped / 1e6:.1f} MB unzipped, {archive.stat().st_size / 1e6:.1f} MB zipped"


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copy(demo_database(), folder / "shop.db")
        sqlite = f"sqlite:///{folder}/shop.db"
        server = postgres.OwnServer(folder / "postgres")
        command = [sys.executable, "main.py", "copy", "--from", sqlite, "--to", server.url]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

        artefacts = {name: build_function(name, folder) for name in (PLAIN, READING, WRITING, "Training")}
        fastapi, default = build_with_fastapi(folder), build_by_default(folder)
        variants = {
            name: Variant(artefacts[name], module_of(name), event_of(name), sqlite) for name in (PLAIN, READING, WRITING)
        }
        by_default = {name: Variant(default, module_of(name), event_of(name), sqlite) for name in variants}
        figures = cold_starts(
            {
                PLAIN: variants[PLAIN],
                f"{PLAIN} as FastAPI": Variant(fastapi, "benchmarks.fastapi_create", event_of(PLAIN), sqlite),
                f"{PLAIN} by default": by_default[PLAIN],
                READING: variants[READING],
                f"{READING} by default": by_default[READING],
                WRITING: variants[WRITING],
                f"{WRITING} by default": by_default[WRITING],
                f"{PLAIN} on PostgreSQL": Variant(artefacts[PLAIN], module_of(PLAIN), event_of(PLAIN), server.url),
                f"{WRITING} on PostgreSQL": Variant(artefacts[WRITING], module_of(WRITING), event_of(WRITING), server.url),
            }
        )
        for name, timing in figures.items():
            console.print(f"cold start, {name}: {timing}")
        console.print(f"{PLAIN} compared with FastAPI: {figures[PLAIN].relative_to(figures[f'{PLAIN} as FastAPI'])}")
        for name in variants:
            console.print(
                f"{name} compared with the default build: {figures[name].relative_to(figures[f'{name} by default'])}"
            )
        for database, url in (("SQLite", sqlite), ("PostgreSQL", server.url)):
            warm, _ = Variant(artefacts[READING], module_of(READING), event_of(READING), url).run(WARM, str(N_WARM))
            console.print(f"warm invocation, stored list, {database}: p50 {float(warm):.3f} ms")
        for name, artefact in {**artefacts, "default build": default}.items():
            console.print(f"{name}: {size_of(artefact, folder)}")
        server.stop_at_once()


if __name__ == "__main__":
    main()
