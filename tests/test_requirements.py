"""Direct dependencies are few, explained, free of known vulnerabilities, and locked with hashes."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
DOCUMENTED = re.findall(r"^\| `([\w-]+)` \| \S", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)


def direct(name):
    lines = (line.partition("#")[0].strip() for line in (ROOT / f"{name}.txt").read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def test_each_direct_dependency_is_explained_once_and_no_other():
    assert sorted(DOCUMENTED) == sorted(requirement.name for requirement in direct("requirements"))


@pytest.mark.parametrize(("name", "limit"), [("requirements", 12), ("requirements/lambda", 6)])
def test_direct_dependencies_are_few_and_explained(name, limit):
    names = [requirement.name for requirement in direct(name)]

    assert set(names) <= set(DOCUMENTED)
    # Of the functions, only the one that trains has scipy.
    assert 0 < len([one for one in names if name == "requirements" or one != "scipy"]) <= limit


@pytest.mark.parametrize(("package", "floor"), [("litestar", "2.22"), ("mangum", "0.21")])
def test_no_allowed_release_has_a_known_vulnerability(package, floor):
    for name in ("requirements", "requirements/lambda"):
        [requirement] = [one for one in direct(name) if one.name == package]
        lowest = re.search(r">=([\d.]+)", str(requirement.specifier))[1]
        assert tuple(map(int, lowest.split("."))) >= tuple(map(int, floor.split(".")))


@pytest.mark.parametrize(
    "name", ["requirements", "requirements/lambda", "requirements/plot", "requirements/tables", "requirements/dev"]
)
def test_every_locked_package_has_hashes_and_no_lock_names_an_index(name):
    lock = (ROOT / f"{name}.lock").read_text()
    pinned = re.findall(r"^[\w.-]+==\S+.*?(?=^[\w.-]+==|\Z)", lock, re.MULTILINE | re.DOTALL)

    assert len(pinned) >= len(direct(name))
    assert all("--hash=sha256:" in one for one in pinned)
    assert "://" not in lock
