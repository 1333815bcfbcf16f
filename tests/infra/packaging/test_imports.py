"""An artefact contains what its function imports."""

import pytest

from infra.packaging.__main__ import copy_sources, entry_of
from infra.packaging.imports import packages_of, sources_of
from infra.packaging.wheels import copy_packages
from tests.template import ROOT, all_functions


@pytest.fixture
def project(tmp_path):
    """Write files of a small project: `domain__c` is domain/c.py, `domain__init` its package; return its root."""

    def write(**files):
        for name, text in files.items():
            file = tmp_path / (name.replace("__", "/").replace("/init", "/__init__") + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


def test_imports_are_followed_through_the_packages_of_the_project(project):
    root = project(
        functions__init="", functions__a="from infra import b", infra__init="import one", infra__b="import domain.c",
        domain__init="", domain__c="import two.deep", domain__d="import three",
    )  # fmt: skip

    assert packages_of(root / "functions" / "a.py", root=root) == {"one", "two"}


def test_imports_inside_functions_count_and_circular_imports_end(project):
    root = project(functions__a="def f():\n    import infra.b", infra__b="import functions.a\nfrom three import x")

    assert packages_of(root / "functions" / "a.py", root=root) == {"three"}
    assert len(sources_of(root / "functions" / "a.py", root=root)) == 2


def test_the_packages_around_each_module_are_sources_and_modules_beside_it_are_not(project):
    root = project(
        functions__init="import one", functions__shop__init="", functions__shop__a="from domain import c",
        functions__shop__other="", domain__init="", domain__c="", domain__d="",
    )  # fmt: skip
    entry = root / "functions" / "shop" / "a.py"

    assert {str(file.relative_to(root)) for file in sources_of(entry, root=root)} == {
        "functions/__init__.py", "functions/shop/__init__.py", "functions/shop/a.py", "domain/__init__.py", "domain/c.py",
    }  # fmt: skip
    assert packages_of(entry, root=root) == {"one"}


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_the_file_of_a_function_follows_from_its_name(name):
    assert (ROOT / entry_of(name)).is_file()


def test_functions_that_score_import_numpy_and_only_training_imports_scipy():
    packages_by_function = {name: packages_of(ROOT / entry_of(name), root=ROOT) for name in all_functions()}

    assert {name for name, packages in packages_by_function.items() if "scipy" in packages} == {"Training"}
    assert {name for name, packages in packages_by_function.items() if "numpy" not in packages} == {
        "CustomerCreate", "CustomerAddAddress", "CustomerUpdateBehavior", "CustomerErase", "CustomerExport",
        "BrowserRecommendJs", "CustomerIssueToken", "CustomerMerge", "CustomerUpdate", "CustomerRemoveAddress",
        "CustomerAmendOrder", "ProductsUpdate", "ProductsGetProduct", "RulesList", "RulesRemove", "RulesSave",
        "RecommendationsRecordImpressions", "ReportsPlacements", "ReportsHealthOfData",
        "ExperimentsList", "ExperimentsRemove", "ExperimentsReport",
    }  # fmt: skip
    assert all("asyncpg" in packages for packages in packages_by_function.values())


def test_the_sql_files_of_a_package_are_copied_with_it(tmp_path):
    copy_sources(ROOT / entry_of("CustomerCreate"), tmp_path)

    schema = "infra/storage/sql/schema"
    assert {file.name for file in (tmp_path / schema).glob("*.sql")} == {file.name for file in (ROOT / schema).glob("*.sql")}
    assert (tmp_path / "functions" / "customer" / "create.py").is_file()
    assert not (tmp_path / "functions" / "customer" / "erase.py").exists()


def test_the_script_for_pages_is_copied_with_the_module_that_reads_it(tmp_path):
    copy_sources(ROOT / entry_of("BrowserRecommendJs"), tmp_path)

    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.js")] == ["infra/http/browser/recommend.js"]


def add_distribution(folder, name, files, *requires):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("".join(f"Requires-Dist: {requirement}\n" for requirement in requires) + "\nText.")
    (info / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))


def test_distributions_are_copied_with_their_requirements_without_what_is_never_imported(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    add_distribution(
        source, "web_kit",
        ["web/__init__.py", "web/tests/test_it.py", "web/core.pyx", "web/__pycache__/__init__.cpython-313.pyc"],
        "Small.Part>=1; python_version > '3'", "rich", "unused; extra == 'more'",
    )  # fmt: skip
    add_distribution(source, "small_part", ["part.py", "../../bin/part"])
    add_distribution(source, "rich", ["rich/__init__.py"])
    add_distribution(source, "unused", ["unused.py"])

    copy_packages({"web"}, source, target)

    assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()} == {
        "web/__init__.py",
        "web/__pycache__/__init__.cpython-313.pyc",
        "part.py",
    }


def test_numpy_is_complete_only_beside_scipy(tmp_path):
    source = tmp_path / "source"
    add_distribution(source, "numpy", ["numpy/__init__.py", "numpy/fft/__init__.py"])
    add_distribution(source, "scipy", ["scipy/__init__.py"], "numpy>=2")

    copy_packages({"numpy"}, source, tmp_path / "scoring")
    copy_packages({"scipy"}, source, tmp_path / "training")

    assert not (tmp_path / "scoring" / "numpy" / "fft").exists()
    assert (tmp_path / "training" / "numpy" / "fft" / "__init__.py").exists()
