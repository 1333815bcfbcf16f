"""The artefacts are small, complete, compiled, and contain nothing that their function does not import."""

import importlib.util
import json
import os
import re
import shutil
import struct
import subprocess
from modulefinder import ModuleFinder

import pytest

from infra.packaging.__main__ import LOCK, entry_of
from infra.packaging.wheels import fetch, python
from tests.system.built import files_of
from tests.template import ROOT, all_functions

pytestmark = pytest.mark.system

PROJECT_PACKAGES = ("domain", "functions", "infra")
SCORING = {
    "CustomerGetProfile", "ExperimentsSave",
    "ProductsBoughtTogether", "ProductsNew", "ProductsPopular", "ProductsSimilar", "ProductsTrending",
    "RecommendationsBuyAgain", "RecommendationsForPage",
    "RecommendationsForCustomer", "RecommendationsProcessBrowsing", "RecommendationsProcessPurchase",
    "RecommendationsRecentlyViewed", "RecommendationsWhyNot", "RulesPreview",
}  # fmt: skip
EVALUATING = {"ExperimentsReport", "ReportsHealthOfData", "ReportsPlacements", "RulesPreview"}
MB = 1_000_000
UNCHECKED_HASH = 0b01


@pytest.mark.parametrize("name", sorted(set(all_functions()) - {"Training"}))
def test_an_artefact_is_small(artefacts, tmp_path, name):
    unzipped, zipped = (72, 23) if name in SCORING else (30, 10)

    archive = shutil.make_archive(str(tmp_path / name), "zip", artefacts / name)

    assert sum(files_of(artefacts / name).values()) <= unzipped * MB
    assert (tmp_path / archive).stat().st_size <= zipped * MB


def test_training_is_within_the_size_limit_of_aws(artefacts):
    assert sum(files_of(artefacts / "Training").values()) <= 250 * MB


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_only_functions_that_score_have_numpy_and_only_training_has_scipy(artefacts, name):
    packages = {path.name for path in (artefacts / name).iterdir()}

    assert ("numpy" in packages) == (name in SCORING | {"Training"})
    assert ("scipy" in packages) == (name == "Training")
    assert ("litestar" in packages) == (name != "Training")
    assert {"domain", "infra", "msgspec", "asyncpg", "aiosqlite"} <= packages


def modules_of(artefact):
    """Return the names of the project's modules in an artefact, packages included."""
    files = (file for file in files_of(artefact) if file.endswith(".py") and file.partition("/")[0] in PROJECT_PACKAGES)
    return {file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files}


def imported_modules(entry):
    """Return the names of the project's modules that the byte code of `entry` imports, also inside functions."""
    finder = ModuleFinder(path=[str(ROOT)])
    finder.import_hook(".".join(entry.with_suffix("").parts))
    return {module for module in finder.modules if module.partition(".")[0] in PROJECT_PACKAGES}


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_an_artefact_has_exactly_the_modules_that_its_function_imports(artefacts, name):
    assert modules_of(artefacts / name) == imported_modules(entry_of(name))


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_an_artefact_has_its_own_function_and_no_room_that_it_does_not_use(artefacts, name):
    modules = modules_of(artefacts / name)
    rooms = {".".join(module.split(".")[:2]) for module in modules}
    entry = ".".join(entry_of(name).with_suffix("").parts)

    assert {module for module in modules if module.startswith("functions")} == {"functions", entry.rpartition(".")[0], entry}
    assert rooms.isdisjoint({"infra.cli", "infra.dashboard", "infra.demo", "infra.ingest", "infra.packaging"})
    if name == "Training":
        assert "infra.http" not in rooms
    else:
        assert rooms.isdisjoint({"domain.training", "domain.tuning"})
        assert ("domain.evaluation" in rooms) == (name in EVALUATING)


IMPORT_ALL = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
for module in sys.argv[2:]:
    importlib.import_module(module)
files = {module.__name__: module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)}
sys.stdout.write(json.dumps(files))
"""


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_every_module_of_an_artefact_can_be_imported_from_it_alone(artefacts, name):
    artefact = artefacts / name
    modules = sorted(modules_of(artefact))
    entry = ".".join(entry_of(name).with_suffix("").parts)
    completed = subprocess.run(
        # Without site-packages.
        [python(), "-s", "-S", "-c", IMPORT_ALL, entry, *modules],
        cwd=artefact, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(artefact)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert completed.returncode == 0, completed.stderr
    files = json.loads(completed.stdout)
    assert all(files[module].startswith(f"{artefact}/") for module in modules)


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_an_artefact_has_the_whole_schema(artefacts, name):
    schema = "infra/storage/sql/schema"

    assert {path.name for path in (artefacts / name / schema).glob("*.sql")} == {
        path.name for path in (ROOT / schema).glob("*.sql")
    }


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_an_artefact_has_no_tests_tools_settings_or_data(artefacts, name):
    unwanted = re.compile(
        r"(^|/)tests?/|^(benchmarks|docs|events|requirements|\.cache|\.venv)/|^(main|test_\w+)\.py$|\.(db|lock|toml|yaml|sh|c|h|pyi|pyx)$"
        r"|^(faker|rich|pygments|click|httpx|polyfactory|pip|pytest|granian|swagger_ui)/"
    )

    assert [file for file in files_of(artefacts / name) if unwanted.search(file)] == []


@pytest.mark.parametrize("name", ["CustomerCreate", "Training"])
def test_every_module_has_byte_code_that_is_valid_whatever_its_file_time(artefacts, name):
    magic = subprocess.run(
        [python(), "-c", "import importlib.util, sys; sys.stdout.write(importlib.util.MAGIC_NUMBER.hex())"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    files = files_of(artefacts / name)
    modules = {file for file in files if file.endswith(".py")}
    compiled = {file for file in files if file.endswith(".pyc")}

    assert {importlib.util.source_from_cache(file) for file in compiled} == modules
    headers = [(artefacts / name / file).read_bytes()[:8] for file in compiled]
    assert {(header[:4].hex(), struct.unpack("<I", header[4:])[0]) for header in headers} == {(magic, UNCHECKED_HASH)}


def hash_of(source):
    """Return the hash of a source by the interpreter of the functions."""
    code = "import importlib.util, sys; sys.stdout.write(importlib.util.source_hash(open(sys.argv[1], 'rb').read()).hex())"
    return bytes.fromhex(subprocess.run([python(), "-c", code, source], capture_output=True, text=True, check=True).stdout)


def test_the_byte_code_belongs_to_the_sources_and_names_their_paths_on_aws(artefacts):
    folder = artefacts / "CustomerCreate" / "functions" / "customer"
    code = (folder / "__pycache__" / "create.cpython-313.pyc").read_bytes()

    assert (folder / "create.py").read_bytes() == (ROOT / "functions" / "customer" / "create.py").read_bytes()
    assert code[8:16] == hash_of(folder / "create.py")
    assert b"/var/task/functions/customer/create.py" in code


def test_the_cache_separates_the_architectures():
    folders = {machine: fetch(LOCK, machine=machine, cache=ROOT / ".cache" / "lambda") for machine in ("x86_64", "arm64")}

    libraries = {
        machine: {file.name for file in folder.rglob("*.so") if "umath_linalg" in file.name}
        for machine, folder in folders.items()
    }
    assert libraries["x86_64"] == {"_umath_linalg.cpython-313-x86_64-linux-gnu.so"}
    assert libraries["arm64"] == {"_umath_linalg.cpython-313-aarch64-linux-gnu.so"}


def test_only_a_trial_contains_the_demo_shop(trial_artefacts, artefacts):
    assert all((trial_artefacts / name / "demo.db").stat().st_mode & 0o004 for name in all_functions())
    assert not any((artefacts / name / "demo.db").exists() for name in all_functions())
