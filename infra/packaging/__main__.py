"""Build a function of template.yaml: `python -m infra.packaging NAME FOLDER`. SAM calls it through make."""

import argparse
import asyncio
import hashlib
import os
import re
import shutil
from pathlib import Path

from infra.packaging.imports import packages_of, sources_of
from infra.packaging.wheels import MACHINES, compile_tree, copy_packages, fetch, python

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "lambda"
LOCK = ROOT / "requirements/lambda.lock"
CODE = (".py", ".sql")
READ = (".sql", ".js")
"""What modules read from the folder of their package."""

TRAINING = Path("functions/training/train.py")


def entry_of(name: str) -> Path:
    """Return the file of a function: functions/customer/get_profile.py for `CustomerGetProfile`."""
    if name == "Training":
        return TRAINING
    folder, *words = re.findall(r"[A-Z][a-z]*", name)
    return Path("functions", folder.lower(), "_".join(words).lower()).with_suffix(".py")


def build(name: str, target: Path, *, machine: str, demo: bool) -> None:
    """Replace `target` by the modules and the packages that the function imports, compiled for `machine`."""
    entry = ROOT / entry_of(name)
    shutil.rmtree(target, ignore_errors=True)
    copy_sources(entry, target)
    compile_tree(target, interpreter=python())
    copy_packages(packages_of(entry, root=ROOT), fetch(LOCK, machine=machine, cache=CACHE), target)
    if demo:
        shutil.copy(demo_database(), target / "demo.db")


def copy_sources(entry: Path, target: Path) -> None:
    """Copy the project files that `entry` imports, with the files that their packages read."""
    for file in sources_of(entry, root=ROOT):
        folder = target / file.relative_to(ROOT).parent
        folder.mkdir(parents=True, exist_ok=True)
        beside = [read for suffix in READ for read in file.parent.glob(f"*{suffix}")] if file.name == "__init__.py" else []
        for copied in [file, *beside]:
            shutil.copy(copied, folder)


def demo_database() -> Path:
    """Return a file with the demo shop, made once for each state of the code; its newest events are of that day."""
    from infra.demo import prepare_demo_shop  # noqa: PLC0415 - only the demo shop needs training
    from infra.storage.sqlite import open_sqlite  # noqa: PLC0415

    async def load_into(file: Path) -> None:
        async with open_sqlite(file, currency="EUR") as repository:
            await prepare_demo_shop(repository)

    files = (file for package in ("domain", "infra") for file in (ROOT / package).rglob("*.*"))
    sources = sorted(file for file in files if file.suffix in CODE)
    key = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    finished = CACHE / f"demo-{key}.db"
    if not finished.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = CACHE / f"demo.{os.getpid()}.db"
        asyncio.run(load_into(unfinished))
        unfinished.chmod(0o644)  # AWS Lambda runs functions as another user
        unfinished.rename(finished)
    return finished


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.packaging", description=__doc__)
    parser.add_argument("name", help="logical name of the function in template.yaml")
    parser.add_argument("folder", type=Path, help="where to build; an existing folder is replaced")
    parser.add_argument("--architecture", choices=MACHINES, default="x86_64")
    parser.add_argument("--demo", action="store_true", help="include the demo shop")
    parsed = parser.parse_args()
    build(parsed.name, parsed.folder, machine=parsed.architecture, demo=parsed.demo)


if __name__ == "__main__":
    main()
