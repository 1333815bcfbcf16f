"""The demo shop."""

import pytest

from infra.demo import demo_shop
from tests.conftest import NOW

CONSUMABLES = {"food/coffee", "food/dog food", "home/coffee supplies", "home/laundry"}


@pytest.fixture(scope="module")
def shop():
    return demo_shop(now=NOW)
