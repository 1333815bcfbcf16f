"""Tokens of browsers: only what the shop signed is one, only as it was signed, and only until it expires."""

import base64
import hashlib
import hmac
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records.browser_tokens import BrowserToken, TokenRequest, sign_token, verified_token
from domain.records.recommendation_ids import Origin, recommendation_id
from tests.conftest import NOW
from tests.ids import ids

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
TOKEN = BrowserToken(customer_id="c-1", is_guest=False, expires_at=int(NOW.timestamp()) + 60)


def verified(text, *, key=KEY, now=NOW):
    return verified_token(text.encode("latin-1"), key=key, now=now)


@given(customer_id=ids(), is_guest=st.booleans(), seconds=st.integers(1, 86_400))
def test_a_token_says_what_was_signed(customer_id, is_guest, seconds):
    token = BrowserToken(customer_id=customer_id, is_guest=is_guest, expires_at=int(NOW.timestamp()) + seconds)

    assert verified(sign_token(token, key=KEY)) == token


def test_a_token_is_its_content_and_an_hmac_of_it_with_a_key_of_its_own():
    prefix, content, signature = sign_token(TOKEN, key=KEY).split(".")

    derived = hmac.digest(KEY, b"shop-recommendations: browser tokens, 1", "sha256")
    expected = hmac.new(derived, f"{prefix}.{content}".encode(), hashlib.sha256).digest()
    assert prefix == "browser"
    assert base64.urlsafe_b64decode(signature + "=") == expected
    assert msgspec.msgpack.decode(base64.urlsafe_b64decode(content + "==")) == ["c-1", False, TOKEN.expires_at]


def test_a_token_expires_at_its_second():
    text = sign_token(TOKEN, key=KEY)

    assert verified(text, now=NOW + timedelta(seconds=60, microseconds=-1)) == TOKEN
    assert verified(text, now=NOW + timedelta(seconds=60)) is None


def test_a_token_of_another_shop_is_none():
    assert verified(sign_token(TOKEN, key=KEY), key=OTHER_KEY) is None


def test_no_changed_character_and_no_added_one_is_accepted():
    text = sign_token(TOKEN, key=KEY)
    changed = [text[:n] + other + text[n + 1 :] for n in range(len(text)) for other in "A_.=\xff" if other != text[n]]
    shortened = [text[:n] for n in range(len(text))]
    added = [text + other for other in ("=", ".", "A", " ", "\n")] + [" " + text, text.upper(), text + text]

    assert [other for other in (*changed, *shortened, *added) if verified(other) is not None] == []


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=200))
def test_other_text_is_no_token(text):
    assert verified(text) is None
    assert verified(f"browser.{text}") is None


def test_an_id_of_an_answer_is_no_token():
    origin = Origin(kind="similar", model_id="m", at=0, nonce=b"n" * 8)

    assert verified(recommendation_id(origin, key=KEY)) is None


@pytest.mark.parametrize("seconds", [59, 86_401, 0, -1, 60.5])
def test_a_token_lasts_for_a_minute_to_a_day(seconds):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"customer_id": "c-1", "ttl_seconds": seconds}, TokenRequest)


def test_a_token_lasts_for_an_hour_by_default():
    assert msgspec.convert({"customer_id": "c-1"}, TokenRequest) == TokenRequest(customer_id="c-1", ttl_seconds=3600)
