"""Measure what docs/benchmarks.md states of AWS Lambda: `make bench-lambda` (about three minutes; needs python3.13).

A cold start is a new process of the runtime's Python, from its start to its first answer, on an artefact as it is deployed.
What is compared is measured in alternation; the figures are medians.
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

from infra.packaging.__main__ import CACHE, build, demo_shop, entry_of
from infra.packaging.wheels import compile_tree, copy_packages, fetched, python
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
event, took = json.loads(sys.argv[3]), []
for _ in range(int(sys.argv[4])):
    began = time.perf_counter()
    handler(event, None)
    took.append((time.perf_counter() - began) * 1000)
os.write(2, str(statistics.median(took[100:])).encode())
os._exit(0)
"""

DEFAULT_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: functions.customer.create.handler, Runtime: python3.13}
"""


class Took(NamedTuple):
    """Milliseconds on the clock, and of processors alone, which other programs disturb less."""

    elapsed: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.elapsed:.0f} ms, {self.cpu:.0f} ms of CPU"

    def against(self, other: "Took") -> str:
        return f"{self.elapsed / other.elapsed:.2f} times, {self.cpu / other.cpu:.2f} of CPU"


class Variant(Struct, frozen=True):
    """An artefact to start: the module of its handler, an event, and its database."""

    artefact: Path
    module: str
    event: str
    database: str

    def run(self, script: str, *arguments: str) -> tuple[str, Took]:
        """Run a script on it in a new process that writes no byte code; return the last word of what it told."""
        environment = {
            "API_KEYS": API_KEYS,
            "AWS_LAMBDA_FUNCTION_NAME": "function",
            "ALLOW_EPHEMERAL_SQLITE": "1",
            "DATABASE_URL": self.database,
            "LOG_LEVEL": "ERROR",
        }
        command = [python(), "-I", "-B", "-c", script, str(self.artefact), self.module, self.event, *arguments]
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        told = process.stderr.read() if process.stderr else ""
        took = (time.perf_counter() - began) * 1000
        _, process.returncode, used = os.wait4(process.pid, 0)
        return told.split()[-1], Took(took, (used.ru_utime + used.ru_stime) * 1000)

    def cold_start(self) -> Took:
        """Take the time from the start of a process to the end of its first answer."""
        status, took = self.run(COLD)
        if status not in {"200", "201"}:
            raise RuntimeError(f"{self.module} answered {status}")
        return took


def event_of(name: str) -> str:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return json.dumps(event | {"body": "{}"} if name == PLAIN else event)


def built(name: str, folder: Path) -> Path:
    build(name, folder / name, machine=MACHINE, demo=False)
    return folder / name


def built_with_fastapi(folder: Path) -> Path:
    """Build the comparison as the functions are built."""
    artefact = folder / "fastapi"
    for package in ("domain", "infra"):
        shutil.copytree(ROOT / package, artefact / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "benchmarks" / "fastapi_create.py", artefact)
    compile_tree(artefact, interpreter=python())
    lock = ROOT / "requirements" / "fastapi.lock"
    copy_packages({"fastapi", "mangum", "msgspec", "aiosqlite"}, fetched(lock, machine=MACHINE, cache=CACHE), artefact)
    return artefact


def built_by_default(folder: Path) -> Path:
    """Build the same code as `sam build` does without being told how."""
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


def cold_starts(variants: dict[str, Variant]) -> dict[str, Took]:
    """Start each of the variants in turn, so many times; return the medians."""
    all_took: dict[str, list[Took]] = {name: [] for name in variants}
    for _ in range(N_PROCESSES + 1):
        for name, variant in variants.items():
            all_took[name].append(variant.cold_start())
    return {name: Took(*map(statistics.median, zip(*took[1:], strict=True))) for name, took in all_took.items()}


def size_of(artefact: Path, folder: Path) -> str:
    archive = Path(shutil.make_archive(str(folder / "size"), "zip", artefact))
    unzipped = sum(path.stat().st_size for path in artefact.rglob("*") if path.is_file())
    return f"{unzipped / 1e6:.1f} MB unzipped, {archive.stat().st_size / 1e6:.1f} MB zipped"


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copy(demo_shop(), folder / "shop.db")
        sqlite = f"sqlite:///{folder}/shop.db"
        server = postgres.OwnServer(folder / "postgres")
        copying = [sys.executable, "main.py", "copy", "--from", sqlite, "--to", server.url]
        subprocess.run(copying, cwd=ROOT, check=True, capture_output=True)

        artefacts = {name: built(name, folder) for name in (PLAIN, READING, WRITING, "Training")}
        fastapi, default = built_with_fastapi(folder), built_by_default(folder)
        ours = {
            name: Variant(artefacts[name], module_of(name), event_of(name), sqlite) for name in (PLAIN, READING, WRITING)
        }
        by_default = {name: Variant(default, module_of(name), event_of(name), sqlite) for name in ours}
        figures = cold_starts(
            {
                PLAIN: ours[PLAIN],
                f"{PLAIN} as FastAPI": Variant(fastapi, "fastapi_create", event_of(PLAIN), sqlite),
                f"{PLAIN} by default": by_default[PLAIN],
                READING: ours[READING],
                f"{READING} by default": by_default[READING],
                WRITING: ours[WRITING],
                f"{WRITING} by default": by_default[WRITING],
                f"{PLAIN} on PostgreSQL": Variant(artefacts[PLAIN], module_of(PLAIN), event_of(PLAIN), server.url),
                f"{WRITING} on PostgreSQL": Variant(artefacts[WRITING], module_of(WRITING), event_of(WRITING), server.url),
            }
        )
        for what, took in figures.items():
            console.print(f"cold start, {what}: {took}")
        console.print(f"{PLAIN} against FastAPI: {figures[PLAIN].against(figures[f'{PLAIN} as FastAPI'])}")
        for name in ours:
            console.print(f"{name} against the default build: {figures[name].against(figures[f'{name} by default'])}")
        for database, url in (("SQLite", sqlite), ("PostgreSQL", server.url)):
            warm, _ = Variant(artefacts[READING], module_of(READING), event_of(READING), url).run(WARM, str(N_WARM))
            console.print(f"warm invocation, stored list, {database}: p50 {float(warm):.3f} ms")
        for name, artefact in {**artefacts, "default build": default}.items():
            console.print(f"{name}: {size_of(artefact, folder)}")
        server.stop_at_once()


if __name__ == "__main__":
    main()
