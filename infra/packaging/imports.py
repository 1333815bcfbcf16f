"""What a function imports, read from its source: packages of this project are followed, others are named."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

OWN = ("domain", "functions", "infra")


def packages_of(entry: Path, *, root: Path) -> set[str]:
    """Name the top-level packages that `entry` imports, itself or through `domain` and `infra`.

    Imports within functions count: asyncpg is one that only some environments reach.
    """
    tops = {module.partition(".")[0] for file in sources_of(entry, root=root) for module in _imported(file)}
    return tops - set(OWN)


def sources_of(entry: Path, *, root: Path) -> set[Path]:
    """List the files of this project that run when `entry` does."""
    found: set[Path] = set()
    pending = [entry]
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            pending += [source for module in _imported(file) for source in _files_of(module, root=root)]
    return found


@cache
def _imported(file: Path) -> tuple[str, ...]:
    return tuple(_imports_in(ast.parse(file.read_bytes())))


def _imports_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of(module: str, *, root: Path) -> list[Path]:
    """List the file of a module and those of the packages around it, which are run as well; a name in a module has none."""
    parts = module.split(".")
    if parts[0] not in OWN:
        return []
    packages = [root.joinpath(*parts[: n + 1], "__init__.py") for n in range(len(parts))]
    return [file for file in [*packages, root.joinpath(*parts).with_suffix(".py")] if file.is_file()]
