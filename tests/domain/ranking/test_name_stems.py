"""What the names of one model in several colours and sizes share."""

import pytest

from domain.ranking.name_stems import name_stem


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Alto Shirt navy blue XL", "alto shirt"),
        ("Alto Shirt, ocean mist", "alto shirt"),
        ("Alto Shirt (rot)", "alto shirt"),
        ("Alto Shirt - dark green", "alto shirt"),
        ("Alto Shirt – verde", "alto shirt"),  # noqa: RUF001 - a dash
        ("Oat drink 500ml", "oat drink"),
        ("Frame 20x30cm", "frame"),
        # Without a unit, numbers tell models apart.
        ("Phone 14", "phone 14"),
        # One word in front of a comma is too little.
        ("Milk, whole, 1l", "milk, whole,"),
        ("(Red)", "(red)"),
        ("Black", "black"),
        ("Green tea", "green tea"),
    ],
)
def test_colours_and_sizes_do_not_belong_to_a_model(name, stem):
    assert name_stem(name) == stem
