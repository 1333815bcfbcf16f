"""A release changes with everything that a function is deployed with."""

import subprocess
import sys

import pytest

from infra.packaging.release import release_of
from tests.expanded import COMPLETE, OPTIONS
from tests.template import ROOT, template

PARAMETERS = (
    {name: value for name, value in COMPLETE.items() if name != "Release"} | OPTIONS[0] | {"AllowEphemeralSqlite": "0"}
)


@pytest.fixture
def built(tmp_path):
    for name, content in {"template.yaml": "Resources", "One/code.py": "1", "Two/code.py": "2"}.items():
        file = tmp_path / "build" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return tmp_path / "build"


def release(built, parameters):
    return release_of(built, [f"{name}={value}" for name, value in parameters.items()])


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_each_parameter_changes_the_release(built, name):
    changed = {**PARAMETERS, name: f"{PARAMETERS[name]}0"}
    absent = {other: value for other, value in PARAMETERS.items() if other != name}

    assert len({release(built, parameters) for parameters in (PARAMETERS, changed, absent)}) == 3


def test_every_parameter_of_the_template_is_tested_here():
    assert set(template()["Parameters"]) - set(PARAMETERS) == {"Release"}


@pytest.mark.parametrize("file", ["One/code.py", "template.yaml", "Two/new.py"])
def test_each_file_changes_the_release(built, file):
    before = release(built, PARAMETERS)
    (built / file).write_text("changed")

    assert release(built, PARAMETERS) != before


def test_a_file_that_moves_to_another_function_changes_the_release(built):
    before = release(built, PARAMETERS)
    (built / "One" / "code.py").rename(built / "Two" / "other.py")

    assert release(built, PARAMETERS) != before


def test_the_same_deployment_is_the_same_release_in_any_order_of_parameters(built):
    assert release(built, PARAMETERS) == release(built, dict(reversed(PARAMETERS.items())))


def test_a_folder_that_is_not_built_has_no_release(tmp_path):
    with pytest.raises(SystemExit, match="make sam-build"):
        release_of(tmp_path / "build", [])


def make_deploy(built, parameters):
    """Return the command of sam that `make deploy` would run after its build."""
    without_build = ["--old-file", "sam-build", f"BUILT={built}", "SAM=printf '%s\\n'", f"VENV={sys.prefix}"]
    command = ["make", "--silent", "deploy", *without_build, f"PARAMETERS={parameters}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_make_deploys_with_the_release_of_its_parameters(built):
    arguments = make_deploy(built, "ApiKeys=backend:0 TrainingSchedule='rate(2 days)'")

    parameters = ["Architecture=x86_64", "ApiKeys=backend:0", "TrainingSchedule=rate(2 days)"]
    assert arguments[arguments.index("--parameter-overrides") + 1 :] == [
        f"Release={release_of(built, parameters)}",
        *parameters,
    ]
