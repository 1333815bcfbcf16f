"""Ids of answers say what they name, and cannot be made without the key."""

import base64
import hashlib

import msgspec
import pytest

from domain.records.list_references import ListReference, Place, reference_to
from domain.records.recommendation_ids import Origin, origin_of, recommendation_id
from domain.records.values import MAX_RECOMMENDATION_ID_LENGTH

KEY = b"k" * 32
ORIGIN = Origin(kind="for-customer", model_id="m-1", at=1_795_000_000, nonce=b"12345678", placement="home")
SIGNED = recommendation_id(ORIGIN, key=KEY)


def signed(content):
    """Return an id with a right signature of any content."""
    signature = hashlib.blake2b(content, key=KEY, digest_size=12).digest()
    return base64.urlsafe_b64encode(signature + content).rstrip(b"=").decode()


def test_an_id_says_which_list_it_names():
    assert origin_of(recommendation_id(ORIGIN, key=KEY), key=KEY) == ORIGIN


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "é", "not an id", recommendation_id(ORIGIN, key=b"other"), SIGNED[:-1], SIGNED + "AAAA", f" {SIGNED}",
        f"{SIGNED}!", f"{SIGNED[:10]}\n{SIGNED[10:]}", "=" * 9, "\ud800", "\x00", "A" * 17, "👩" * 400, SIGNED.swapcase(),
    ],
)  # fmt: skip
def test_a_text_that_was_not_signed_with_the_key_says_nothing(text):
    assert origin_of(text, key=KEY) is None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xc1", b"\x96", msgspec.msgpack.encode({"kind": "similar"}), msgspec.msgpack.encode([1, 2, 3]),
        msgspec.msgpack.encode(["a kind of a later release", "m", 1, b"12345678", None, None]),
        b"\x96\xa1\xff\xa1m\x01\xc4\x0112345678\xc0\xc0",
    ],
)  # fmt: skip
def test_signed_content_that_this_release_cannot_read_says_nothing(content):
    assert origin_of(signed(content), key=KEY) is None


def test_the_id_of_the_longest_placement_fits():
    longest = Origin(
        kind="recently-viewed", model_id="m" * 40, at=2**32, nonce=b"\xff" * 8, placement="👩" * 64, arm="👩" * 64
    )

    assert len(recommendation_id(longest, key=KEY)) <= MAX_RECOMMENDATION_ID_LENGTH


def test_a_reference_keeps_of_an_id_what_reports_need():
    reference = reference_to(ORIGIN)

    assert reference == ListReference(kind="for-customer", placement="home", arm=None, nonce="3132333435363738")
    assert reference.place == Place(kind="for-customer", placement="home")
