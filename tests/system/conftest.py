"""The built functions; SAM builds them once for a test run."""

import pytest

from tests.system.built import build


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sam"))


@pytest.fixture(scope="session")
def trial_artefacts(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sam-trial"), demo=True)
