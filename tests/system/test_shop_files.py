"""Files in the shape of real exports, with what must be stored: in SHOP_FILES, or ../shared/data/shop-files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.server import ROOT

FOLDER = Path(os.environ.get("SHOP_FILES", ROOT.parent / "shared" / "data" / "shop-files"))
CASES = sorted(path.parent.name for path in FOLDER.glob("*/expected.json"))

pytestmark = [
    pytest.mark.system,
    # The names of customers in these files are those of the files' own shops.
    pytest.mark.names_a_customer,
    pytest.mark.skipif(not CASES, reason="no folder with files of shops; SHOP_FILES names one"),
]


@pytest.mark.parametrize("case", CASES or ["none"])
def test_a_file_of_a_shop_is_stored_as_expected_or_refused_as_expected(case):
    checked = subprocess.run(
        [sys.executable, str(FOLDER / "check.py"), "--all", case],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
