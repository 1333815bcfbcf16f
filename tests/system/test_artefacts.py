"""What is deployed: small, complete, compiled for where it runs, and nothing that a function does not import."""

import importlib.util
import re
import shutil
import struct
import subprocess

import pytest

from infra.packaging.__main__ import LOCK, entry_of
from infra.packaging.wheels import fetched, python
from tests.system.built import files_of
from tests.template import ROOT, all_functions

pytestmark = pytest.mark.system

SCORING = {
    "CustomerExport", "CustomerGetProfile", "RecommendationsForCustomer", "RecommendationsProcessBrowsing",
    "RecommendationsProcessPurchase",
}  # fmt: skip
MB = 1_000_000
UNCHECKED_HASH = 0b01


@pytest.mark.parametrize("name", sorted(set(all_functions()) - {"Training"}))
def test_an_artefact_is_small(artefacts, tmp_path, name):
    unzipped, zipped = (72, 23) if name in SCORING else (30, 10)

    archive = shutil.make_archive(str(tmp_path / name), "zip", artefacts / name)

    assert sum(files_of(artefacts / name).values()) <= unzipped * MB
    assert (tmp_path / archive).stat().st_size <= zipped * MB


def test_training_fits_into_what_aws_takes(artefacts):
    assert sum(files_of(artefacts / "Training").values()) <= 250 * MB


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_only_what_scores_has_numpy_and_only_training_scipy(artefacts, name):
    tops = {path.name for path in (artefacts / name).iterdir()}

    assert ("numpy" in tops) == (name in SCORING | {"Training"})
    assert ("scipy" in tops) == (name == "Training")
    assert ("litestar" in tops) == (name != "Training")
    assert {"domain", "infra", "msgspec", "asyncpg", "aiosqlite"} <= tops


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_an_artefact_has_its_own_function_alone(artefacts, name):
    found = {file for file in files_of(artefacts / name) if file.startswith("functions/") and file.endswith(".py")}
    entry = str(entry_of(name))
    packages = {f"{folder}/__init__.py" for folder in ("functions", entry.rpartition("/")[0])}

    assert found == (set() if name == "Training" else {entry} | packages)


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_an_artefact_has_no_tests_tools_settings_or_data(artefacts, name):
    unwanted = re.compile(
        r"(^|/)tests?/|^(artefacts|benchmarks|events|\.cache|\.venv)/|^(main|test_\w+)\.py$|\.(db|lock|toml|yaml|sh|c|h|pyi|pyx)$"
        r"|^(faker|rich|pygments|click|httpx|polyfactory|pip|pytest|granian|swagger_ui)/"
    )

    assert [file for file in files_of(artefacts / name) if unwanted.search(file)] == []


@pytest.mark.parametrize("name", ["CustomerCreate", "Training"])
def test_every_module_has_byte_code_that_is_used_whatever_the_archive_says_of_its_time(artefacts, name):
    magic = subprocess.run(
        [python(), "-c", "import importlib.util, sys; sys.stdout.write(importlib.util.MAGIC_NUMBER.hex())"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    files = files_of(artefacts / name)
    modules = {file for file in files if file.endswith(".py")}
    compiled = {file for file in files if file.endswith(".pyc")}

    assert {importlib.util.source_from_cache(file) for file in compiled} == modules
    heads = [(artefacts / name / file).read_bytes()[:8] for file in compiled]
    assert {(head[:4].hex(), struct.unpack("<I", head[4:])[0]) for head in heads} == {(magic, UNCHECKED_HASH)}


def hash_of(source):
    """Hash a source as the interpreter of the functions does."""
    code = "import importlib.util, sys; sys.stdout.write(importlib.util.source_hash(open(sys.argv[1], 'rb').read()).hex())"
    return bytes.fromhex(subprocess.run([python(), "-c", code, source], capture_output=True, text=True, check=True).stdout)


def test_the_byte_code_is_that_of_the_sources_and_names_where_they_lie_on_aws(artefacts):
    own = artefacts / "CustomerCreate" / "functions" / "customer"
    code = (own / "__pycache__" / "create.cpython-313.pyc").read_bytes()

    assert (own / "create.py").read_bytes() == (ROOT / "functions" / "customer" / "create.py").read_bytes()
    assert code[8:16] == hash_of(own / "create.py")
    assert b"/var/task/functions/customer/create.py" in code


def test_the_cache_keeps_platforms_apart():
    """Both are fetched: that for the other machine runs nowhere here, but is as complete."""
    folders = {machine: fetched(LOCK, machine=machine, cache=ROOT / ".cache" / "lambda") for machine in ("x86_64", "arm64")}

    libraries = {
        machine: {file.name for file in folder.rglob("*.so") if "umath_linalg" in file.name}
        for machine, folder in folders.items()
    }
    assert libraries["x86_64"] == {"_umath_linalg.cpython-313-x86_64-linux-gnu.so"}
    assert libraries["arm64"] == {"_umath_linalg.cpython-313-aarch64-linux-gnu.so"}


def test_a_trial_carries_the_demo_shop(trial_artefacts, artefacts):
    assert all((trial_artefacts / name / "demo.db").stat().st_mode & 0o004 for name in all_functions())
    assert not any((artefacts / name / "demo.db").exists() for name in all_functions())
