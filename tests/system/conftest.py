"""What the tests of the built functions share: SAM builds them once."""

import pytest

from tests.system.built import build


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sam"))


@pytest.fixture(scope="session")
def trial_artefacts(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sam-trial"), demo=True)
