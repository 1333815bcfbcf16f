"""Identify a deployment: `python -m infra.packaging.release FOLDER NAME=VALUE ...`. `make deploy` passes it as `Release`.

SAM publishes a version of each function when this changes. A hash of the code alone would not change with a parameter,
and every function would keep its old variables: a key that is removed from ApiKeys would stay valid.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path


def release_of(built: Path, parameters: Iterable[str]) -> str:
    """Return the SHA-256 of a folder that SAM has built, template included, and of the parameters of the deployment.

    The template has the defaults of absent parameters. The order of parameters does not count.
    """
    files = sorted(path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file())
    if not files:
        raise SystemExit(f"{built} is empty: run `make sam-build` first.")
    of_files = [f"{file}\n{hashlib.sha256((built / file).read_bytes()).hexdigest()}" for file in files]
    digests = [hashlib.sha256(entry.encode()).digest() for entry in [*of_files, *sorted(parameters)]]
    return hashlib.sha256(b"".join(digests)).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.packaging.release", description=__doc__)
    parser.add_argument("folder", type=Path, help="what `sam build` has built")
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE")
    parsed = parser.parse_args()
    sys.stdout.write(f"{release_of(parsed.folder, parsed.parameters)}\n")


if __name__ == "__main__":
    main()
