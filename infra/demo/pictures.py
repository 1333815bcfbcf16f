"""Pictures of the demo shop's products: a drawing for each kind of product, in the colour of the product."""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

PICTURES_PATH = "/demo/images"
DRAWINGS = Path(__file__).parent / "drawings"

Shades = tuple[str, str, str]

PALETTE: dict[str, Shades] = {
    "charcoal": ("#505660", "#3b4049", "#858c97"),
    "grey": ("#a3a9b2", "#828993", "#cbd0d6"),
    "steel": ("#8395a8", "#667789", "#b7c4d0"),
    "ivory": ("#efe6d3", "#b5a27c", "#faf5ea"),
    "sand": ("#d8bb8b", "#b4945f", "#ecdbbd"),
    "brown": ("#8f6848", "#6d4c33", "#bd9876"),
    "copper": ("#c8834f", "#9f6236", "#e4b28b"),
    "rust": ("#bd6645", "#954c2f", "#dc9d82"),
    "red": ("#cb514c", "#a13a36", "#e5928d"),
    "rose": ("#dd94a4", "#bd6f82", "#f0c4cd"),
    "plum": ("#87587f", "#683f62", "#b48eae"),
    "orange": ("#e39344", "#bd7129", "#f3bd8b"),
    "yellow": ("#e7bb46", "#c3962c", "#f4da8e"),
    "mint": ("#93c8ab", "#6da488", "#c6e5d4"),
    "moss": ("#738b56", "#576c3e", "#a7b98d"),
    "teal": ("#3f8f8a", "#2d6f6b", "#7fbdb8"),
    "sky": ("#79b3d6", "#5590b5", "#b4d7ec"),
    "blue": ("#4c80c2", "#37629a", "#8db3e1"),
    "navy": ("#3f567f", "#2c3e60", "#7389b1"),
}
"""The main, the dark and the light shade of each colour."""

DRAWN_IN = PALETTE["teal"]
"""The colour of the drawings, whose three shades a picture replaces by those of its own."""

STYLE = "@media(prefers-color-scheme:dark){.tile{fill:#2f3238}}"
PICTURE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; frame-ancestors 'none'"
)


def picture_url(drawing: str, colour: str) -> str:
    """Return the URL of the picture that shows `drawing` in `colour`, on the host and port of the app itself."""
    return f"{PICTURES_PATH}/{drawing}-{colour}.svg"


@lru_cache(maxsize=1024)
def picture(name: str) -> bytes | None:
    """Return a picture as SVG, None if none has this name; its tile is light, or dark for those who prefer that."""
    drawing, _, colour = name.rpartition("-")
    shades = PALETTE.get(colour)
    # Compared with the names of all drawings, because a name comes from a URL and must not lead to another file.
    if shades is None or drawing not in drawings():
        return None
    svg = (DRAWINGS / f"{drawing}.svg").read_text()
    for drawn, shade in zip(DRAWN_IN, shades, strict=True):
        svg = svg.replace(drawn, shade)
    head, line_end, shapes = svg.partition(">\n")
    return "".join((head, line_end, *_tile(shades[1]), shapes)).encode()


def _tile(dark: str) -> Iterator[str]:
    yield f"<style>{STYLE}</style>\n"
    yield '<rect class="tile" width="400" height="400" fill="#f4f2ed"/>\n'
    yield '<circle cx="200" cy="200" r="168" fill="#f4f2ed"/>\n'
    yield f'<circle cx="200" cy="200" r="168" fill="{dark}" opacity=".25"/>\n'


@cache
def drawings() -> frozenset[str]:
    """Return the names of all drawings."""
    return frozenset(file.stem for file in DRAWINGS.glob("*.svg"))
