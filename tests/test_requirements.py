"""What the project depends on, counted."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def direct(name):
    lines = (line.partition("#")[0].strip() for line in (ROOT / f"{name}.txt").read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


@pytest.mark.parametrize(("name", "most"), [("requirements", 12), ("requirements/lambda", 6)])
def test_there_are_few_and_each_has_its_reason_in_the_readme(name, most):
    named = direct(name)

    # Of what functions import, scipy is in the one that trains.
    assert 0 < len([one for one in named if name == "requirements" or one.name != "scipy"]) <= most
    for requirement in named:
        assert re.search(rf"^\| (?:\w+, )*`{requirement.name}`[ ,|]", README, re.MULTILINE), requirement.name


@pytest.mark.parametrize(("package", "floor"), [("litestar", "2.22"), ("mangum", "0.21")])
def test_floors_leave_no_release_with_a_known_hole(package, floor):
    for name in ("requirements", "requirements/lambda"):
        [requirement] = [one for one in direct(name) if one.name == package]
        lowest = re.search(r">=([\d.]+)", str(requirement.specifier))[1]
        assert tuple(map(int, lowest.split("."))) >= tuple(map(int, floor.split(".")))


@pytest.mark.parametrize("name", ["requirements", "requirements/lambda", "requirements/plot", "requirements/dev"])
def test_every_locked_package_has_hashes_and_no_lock_names_an_index(name):
    lock = (ROOT / f"{name}.lock").read_text()
    pinned = re.findall(r"^[\w.-]+==\S+.*?(?=^[\w.-]+==|\Z)", lock, re.MULTILINE | re.DOTALL)

    assert len(pinned) >= len(direct(name))
    assert all("--hash=sha256:" in one for one in pinned)
    assert "://" not in lock
