"""Ids of answers say what they name, and cannot be made without the key."""

import pytest

from domain.records.recommendation_ids import Origin, origin_of, recommendation_id

KEY = b"k" * 32
ORIGIN = Origin(kind="for-customer", model_id="m-1", at=1_795_000_000, nonce=b"12345678", placement="home")


def test_an_id_says_which_list_it_names():
    assert origin_of(recommendation_id(ORIGIN, key=KEY), key=KEY) == ORIGIN


@pytest.mark.parametrize("text", ["", "a", "é", "not an id", recommendation_id(ORIGIN, key=b"other")])
def test_a_text_that_was_not_signed_with_the_key_says_nothing(text):
    assert origin_of(text, key=KEY) is None
