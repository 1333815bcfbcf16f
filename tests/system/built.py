"""Build the artefacts with SAM."""

import os
import subprocess
import sys
from pathlib import Path

from infra.packaging.wheels import python
from tests.template import ROOT

BIN = Path(sys.executable).parent


def build(folder, *, demo=False, machine="x86_64"):
    """Build all functions into a folder, make it read-only, and return it."""
    environment = os.environ | {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "HOME": str(folder),
        "PYTHONWARNINGS": "ignore",
        "PYTHON313": python(),
        "VENV": str(BIN.parent),
        "DEMO": str(int(demo)),
        "ARCHITECTURE": machine,
        # An inner `make` would inherit the variables of the outer one.
        "MAKEFLAGS": "",
    }
    command = [str(BIN / "sam"), "build", "--build-in-source", "--build-dir", str(folder / "build")]
    command += ["--parameter-overrides", f"Architecture={machine}"]
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    for path in (folder / "build").rglob("*"):
        path.chmod(path.stat().st_mode & ~0o222)
    return folder / "build"


def files_of(artefact):
    """Return the sizes of all files of an artefact by their paths in it."""
    return {str(path.relative_to(artefact)): path.stat().st_size for path in artefact.rglob("*") if path.is_file()}
