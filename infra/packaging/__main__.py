"""`python -m infra.packaging NAME FOLDER`: build a function of template.yaml; SAM calls it through make."""

import argparse
import asyncio
import hashlib
import os
import re
import shutil
from pathlib import Path

from infra.packaging.imports import packages_of
from infra.packaging.wheels import MACHINES, compile_tree, copy_packages, fetched, python

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "lambda"
LOCK = ROOT / "requirements/lambda.lock"
CODE = (".py", ".sql")
TRAINING = Path("functions/training/train.py")


def entry_of(name: str) -> Path:
    """Find the file of a function: `CustomerGetProfile` is functions/customer/get_profile.py."""
    if name == "Training":
        return TRAINING
    folder, *words = re.findall(r"[A-Z][a-z]*", name)
    return Path("functions", folder.lower(), "_".join(words).lower()).with_suffix(".py")


def build(name: str, target: Path, *, machine: str, demo: bool) -> None:
    """Put together the function's own file, `domain`, `infra` and the packages that these import."""
    entry = entry_of(name)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for package in ("domain", "infra"):
        shutil.copytree(ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (folder for folder in entry.parents if folder.parts and folder.parts[0] == "functions"):
        (target / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / folder / "__init__.py", target / folder)
    shutil.copy(ROOT / entry, target / entry)
    compile_tree(target, interpreter=python())
    copy_packages(packages_of(ROOT / entry, root=ROOT), fetched(LOCK, machine=machine, cache=CACHE), target)
    if demo:
        shutil.copy(demo_shop(), target / "demo.db")


def demo_shop() -> Path:
    """Make the demo shop, once for this state of the code; its history ends on the day it is made."""
    from infra.cli.serve import load_demo  # noqa: PLC0415 - only this needs what serves and trains
    from infra.storage.sqlite import open_sqlite  # noqa: PLC0415

    async def make(file: Path) -> None:
        async with open_sqlite(file, currency="EUR") as repository:
            await load_demo(repository)

    files = (file for package in ("domain", "infra") for file in (ROOT / package).rglob("*.*"))
    sources = sorted(file for file in files if file.suffix in CODE)
    key = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    finished = CACHE / f"demo-{key}.db"
    if not finished.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = CACHE / f"demo.{os.getpid()}.db"
        asyncio.run(make(unfinished))
        unfinished.chmod(0o644)  # who runs it on AWS Lambda is not who built it
        unfinished.rename(finished)
    return finished


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.packaging", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--architecture", choices=MACHINES, default="x86_64")
    parser.add_argument("--demo", action="store_true", help="put the demo shop into the artefact")
    parsed = parser.parse_args()
    build(parsed.name, parsed.folder, machine=parsed.architecture, demo=parsed.demo)


if __name__ == "__main__":
    main()
