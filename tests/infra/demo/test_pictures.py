"""Pictures of the demo shop: drawings in the colour of a product."""

import re
from xml.etree import ElementTree as ET

import pytest

from infra.demo.kinds import CATEGORIES
from infra.demo.pictures import DRAWN_IN, PALETTE, STYLE, drawings, picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("drawing", sorted(drawings()))
def test_a_picture_is_plain_svg_in_the_shades_of_its_colour(drawing):
    root = ET.fromstring(picture(f"{drawing}-plum"))

    elements = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert root.tag == f"{SVG}svg"
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("400", "400", "0 0 400 400")
    assert elements <= {"svg", "style", "rect", "circle", "ellipse", "path", "g"}
    colours = {value for element in root.iter() for value in element.attrib.values() if value.startswith("#")}
    assert colours & set(PALETTE["plum"])
    assert not colours & set(DRAWN_IN)


@pytest.mark.parametrize("drawing", sorted(drawings()))
def test_a_picture_runs_no_script_and_loads_nothing(drawing):
    text = picture(f"{drawing}-red").decode()

    assert not re.search(r"script|href|url\(|import|\\bon[a-z]+=|style=", text)
    assert text.count("<style>") == 1
    assert f"<style>{STYLE}</style>" in text


@pytest.mark.parametrize(
    "name", ["", "tent", "tent-", "tent-pink", "-red", "none-red", "../pictures-red", "drawings/tent-red", "tent-red.svg"]
)
def test_other_names_have_no_picture(name):
    assert picture(name) is None


def test_every_drawing_is_used():
    assert {kind.drawing for category in CATEGORIES.values() for kind in category.kinds.values()} == drawings()
