"""Recognise near-duplicates that the shop did not mark as variants: names that differ in a colour or a size alone."""

import re
from functools import lru_cache

_COLOURS = """
    black white red blue green yellow orange purple violet pink brown grey gray beige navy silver gold golden turquoise olive
    burgundy khaki ivory cream teal coral charcoal anthracite light dark
    schwarz weiss weiß rot blau grün gelb lila rosa braun grau silber türkis anthrazit
    dunkelblau hellblau dunkelgrau hellgrau
    noir noire blanc blanche rouge bleu bleue vert verte jaune rose brun brune marron gris grise
    negro negra blanco blanca rojo roja azul verde amarillo amarilla naranja morado morada
    nero nera bianco bianca rosso rossa blu giallo gialla arancione viola marrone grigio grigia
"""
"""Basic colours in English, German, French, Spanish and Italian."""

_SIZES = r"""
    [2-6]?xs|s|m|l|[2-6]?x+l|small|medium|large|size
    |\d+(?:[.,]\d+)?(?:ml|cl|l|g|kg|oz|lb|mm|cm|in|ft|gb|tb|w|pk|pack|ct)
    |\d+(?:[.,]\d+)?x\d+(?:[.,]\d+)?(?:mm|cm|m|in)?
"""
_AT_END = re.compile("|".join(("-", "\N{EN DASH}", *_COLOURS.split(), _SIZES)), re.VERBOSE)
_DETAIL = re.compile(r",\s|\s[(\[]")


def name_stem(name: str) -> str:
    """Return the part of a name that all colours and sizes of a product share.

    It is the casefolded name without what follows a comma or a bracket, if that leaves two words or more, and without
    colours and sizes at its end. A number counts as a size only with a unit: `Phone 14` and `Phone 15` are two models.
    """
    whole = name.casefold()
    words = _DETAIL.split(whole, maxsplit=1)[0].split()
    if len(words) < 2:
        words = whole.split()
    while len(words) > 1 and _AT_END.fullmatch(words[-1].strip(",()[]")):
        words.pop()
    return " ".join(words)


@lru_cache(maxsize=65_536)
def model_name(name: str, category: str | None) -> str | None:
    """Return the name of a product's model, None where it says no more than the category, like `Kits, 10 oz`."""
    stem = name_stem(name)
    leaf = _letters((category or "").rsplit("/", 1)[-1])
    return None if leaf in (_letters(stem), _letters(name.partition(",")[0])) else stem


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
