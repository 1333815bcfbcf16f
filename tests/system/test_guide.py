"""docs/guide.md, run as it stands there against the demo shop: the programs in three languages, and every call."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from infra.keys import hash_of
from tests.system.server import ROOT, serving

pytestmark = pytest.mark.system

KEY = "b" * 43
PAGE = (ROOT / "docs" / "guide.md").read_text()
PHP = Path(__file__).parent / "php"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run the app with a demo shop."""
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    with serving(database, "--demo", API_KEYS=f"backend:{hash_of(KEY)}") as running:
        yield running


@pytest.fixture(scope="module")
def php(tmp_path_factory):
    """Return the command of a PHP interpreter, which runs in Node, so that no machine needs another package."""
    for program in ("node", "npm"):
        assert shutil.which(program), f"the test needs {program}: apt-get install nodejs npm (Node 20 or newer)"
    folder = tmp_path_factory.mktemp("php")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PHP / name, folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True, timeout=300)
    return [str(folder / "node_modules" / ".bin" / "php-wasm-cli")]


def run(command, server, folder):
    environment = os.environ | {"SHOP_URL": server.url, "SHOP_KEY": KEY}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def saved(folder, name, content):
    (folder / name).write_text(content)
    return str(folder / name)


def expected_lines(server):
    """Return what the programs print, from the answers of the shop itself."""
    lists = [
        {"name": "Goes well with it", "kind": "bought-together", "product_ids": ["p-001"], "limit": 3},
        {"name": "For you", "kind": "for-customer", "limit": 3},
    ]
    body = {"customer_id": "visitor-7d1f", "guest": True, "lists": lists}
    headers = {"authorization": f"Bearer {KEY}"}
    page = httpx.post(f"{server.url}/recommendations/for-page", json=body, headers=headers).json()
    return [f"{one['name']}: {', '.join(item['name'] for item in one['items'])}" for one in page["lists"]]


@pytest.mark.parametrize("language", ["python", "php", "javascript"])
def test_a_program_of_15_lines_shows_lists(server, tmp_path, language, request):
    (program,) = blocks(language)
    suffix, command = {
        "python": (".py", [sys.executable]),
        "javascript": (".mjs", ["node"]),
        "php": (".php", request.getfixturevalue("php") if language == "php" else []),
    }[language]

    printed = run([*command, saved(tmp_path, f"program{suffix}", program)], server, tmp_path)

    assert len([line for line in program.splitlines() if line.strip() not in {"", "<?php"}]) <= 15
    assert printed.splitlines() == expected_lines(server)
    assert all(line.count(", ") >= 1 for line in printed.splitlines())


def test_every_call_of_the_guide_succeeds(server, tmp_path):
    script = "set -e\n" + "\necho\n".join(blocks("bash"))

    printed = run(["bash", saved(tmp_path, "calls.sh", script)], server, tmp_path)

    calls = re.findall(r"^(?:get|post) ", "\n".join(blocks("bash")), re.MULTILINE)
    assert printed.count('"recommendation_id":') >= len([call for call in calls if call == "get "])
    assert '"created_products":["gift card 50"]' in printed
    assert '"browsing":1' in printed
    assert '"items":[]' not in printed.partition("buy-again")[0]


def test_the_guide_names_every_kind_of_list():
    for kind in ("for-customer", "similar", "bought-together", "popular", "trending", "new", "buy-again", "recently-viewed"):
        assert f"`{kind}`" in PAGE
