"""What goes into an artefact is read from what its function imports."""

import pytest

from infra.packaging.__main__ import entry_of
from infra.packaging.imports import packages_of, sources_of
from infra.packaging.wheels import copy_packages
from tests.template import ROOT, all_functions


@pytest.fixture
def project(tmp_path):
    """A project of a few files, to import one another."""

    def write(**files):
        for name, text in files.items():
            file = tmp_path / (name.replace("__", "/").replace("/init", "/__init__") + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


def test_imports_are_followed_through_the_projects_own_packages(project):
    root = project(
        functions__init="", functions__a="from infra import b", infra__init="import one", infra__b="import domain.c",
        domain__init="", domain__c="import two.deep", domain__d="import three",
    )  # fmt: skip

    assert packages_of(root / "functions" / "a.py", root=root) == {"one", "two"}


def test_imports_within_functions_count_and_circles_end(project):
    root = project(functions__a="def f():\n    import infra.b", infra__b="import functions.a\nfrom three import x")

    assert packages_of(root / "functions" / "a.py", root=root) == {"three"}
    assert len(sources_of(root / "functions" / "a.py", root=root)) == 2


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_the_file_of_a_function_follows_from_its_name(name):
    assert (ROOT / entry_of(name)).is_file()


def test_what_scores_reaches_numpy_and_training_alone_scipy():
    reached = {name: packages_of(ROOT / entry_of(name), root=ROOT) for name in all_functions()}

    assert {name for name, packages in reached.items() if "scipy" in packages} == {"Training"}
    assert {name for name, packages in reached.items() if "numpy" not in packages} == {
        "CustomerCreate", "CustomerAddAddress", "CustomerUpdateBehavior", "CustomerErase",
    }  # fmt: skip
    assert all("asyncpg" in packages for packages in reached.values())


def distribution(folder, name, files, *requires):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("".join(f"Requires-Dist: {one}\n" for one in requires) + "\nText.")
    (info / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))


def test_distributions_bring_what_they_require_without_what_is_never_imported(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    distribution(
        source, "web_kit",
        ["web/__init__.py", "web/tests/test_it.py", "web/core.pyx", "web/__pycache__/__init__.cpython-313.pyc"],
        "Small.Part>=1; python_version > '3'", "rich", "unused; extra == 'more'",
    )  # fmt: skip
    distribution(source, "small_part", ["part.py", "../../bin/part"])
    distribution(source, "rich", ["rich/__init__.py"])
    distribution(source, "unused", ["unused.py"])

    copy_packages({"web"}, source, target)

    found = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert found == {"web/__init__.py", "web/__pycache__/__init__.cpython-313.pyc", "part.py"}


def test_numpy_is_whole_where_scipy_asks_for_it(tmp_path):
    source = tmp_path / "source"
    distribution(source, "numpy", ["numpy/__init__.py", "numpy/fft/__init__.py"])
    distribution(source, "scipy", ["scipy/__init__.py"], "numpy>=2")

    copy_packages({"numpy"}, source, tmp_path / "scoring")
    copy_packages({"scipy"}, source, tmp_path / "training")

    assert not (tmp_path / "scoring" / "numpy" / "fft").exists()
    assert (tmp_path / "training" / "numpy" / "fft" / "__init__.py").exists()
