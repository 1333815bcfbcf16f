"""Find what a function imports by reading its source; imports inside functions count."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT_PACKAGES = ("domain", "functions", "infra")


def packages_of(entry: Path, *, root: Path) -> set[str]:
    """Return the top-level packages from outside the project that `entry` imports, itself or through the project."""
    packages = {module.partition(".")[0] for file in sources_of(entry, root=root) for module in _imported_modules(file)}
    return packages - set(PROJECT_PACKAGES)


def sources_of(entry: Path, *, root: Path) -> set[Path]:
    """Return `entry` and all files of the project that importing it can run, the `__init__.py` of each package included."""
    sources: set[Path] = set()
    pending = [entry, *_files_of(".".join(entry.relative_to(root).with_suffix("").parts), root=root)]
    while pending:
        file = pending.pop()
        if file not in sources:
            sources.add(file)
            pending += [source for module in _imported_modules(file) for source in _files_of(module, root=root)]
    return sources


@cache
def _imported_modules(file: Path) -> tuple[str, ...]:
    return tuple(_imports_in(ast.parse(file.read_bytes())))


def _imports_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            # Each name may be a submodule.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _files_of(module: str, *, root: Path) -> tuple[Path, ...]:
    """Return the file of a project module and the `__init__.py` of its packages; other names have no file."""
    parts = module.split(".")
    if parts[0] not in PROJECT_PACKAGES:
        return ()
    packages = [root.joinpath(*parts[: n + 1], "__init__.py") for n in range(len(parts))]
    return tuple(file for file in [*packages, root.joinpath(*parts).with_suffix(".py")] if file.is_file())
