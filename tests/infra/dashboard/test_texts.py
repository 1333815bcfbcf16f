"""Texts and classes of the dashboard: none is missing, and none is left over."""

import re
from pathlib import Path

from infra.dashboard.texts import all_texts

FOLDER = Path("infra/dashboard")
SOURCES = "".join(file.read_text() for file in [*FOLDER.glob("*.py"), *FOLDER.glob("templates/*.html")])
NAMES = {f"{page}.{name}" for page, texts in all_texts().items() for name in texts}
NAMED = set(re.findall(r"""["'](\w+\.[\w-]+)["']""", SOURCES))
BEGINNINGS = (
    *re.findall(r"""["'](\w+\.\w*)(?:\{|["'] *~)""", SOURCES),
    *(f"{words}." for words in re.findall(r"inputs\.boxes\(.*'(\w+)'\)", SOURCES)),
)
"""The beginnings of names whose rest is a value."""


def test_every_text_is_used():
    used = {name for name in NAMES if {name, name.removesuffix("_one")} & NAMED or name.startswith(BEGINNINGS)}

    assert NAMES - used == set()


def test_every_text_that_is_named_exists():
    named = {name for name in NAMED if name.partition(".")[0] in all_texts() and not name.endswith(".html")}

    assert {name for name in named if name not in NAMES and not name.endswith("_") and name != "strength.s"} == set()
    assert {beginning for beginning in BEGINNINGS if not any(name.startswith(beginning) for name in NAMES)} == set()


def test_every_class_of_the_style_sheet_is_used():
    rules = re.sub(r"\{[^{}]*\}", " ", (FOLDER / "static" / "dashboard.css").read_text())
    classes = set(re.findall(r"\.([a-z][\w-]*)", rules))
    scripts = "".join(file.read_text() for file in FOLDER.glob("static/*.js"))

    # The pattern and the colours of a tile are numbers.
    unused = {name for name in classes if not re.search(rf"(?<![\w-]){name}(?![\w-])", SOURCES + scripts)}
    assert {name for name in unused if not re.fullmatch(r"[hv]\d+", name)} == set()
