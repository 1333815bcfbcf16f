"""Issue tokens for browsers, and read those that requests bring."""

from datetime import datetime, timedelta

from domain.errors import CustomerNotFound, TokenRefused
from domain.ports.repository import Repository
from domain.records.browser_tokens import BrowserToken, IssuedToken, TokenRequest, sign_token, verified_token
from domain.records.values import EPOCH
from infra.use_cases.signing_key import signing_key_of


async def issue_token(repository: Repository, asked: TokenRequest, *, now: datetime) -> IssuedToken:
    """Return a token for a customer or a guest; nothing is stored. Raise CustomerNotFound or TokenRefused.

    The token of a guest is one of a guest also if the request does not say so. Who asks for the token of a guest gets none
    of a customer: visitors often choose the id of a guest themselves, with a cookie.
    """
    status = await repository.customer_status(asked.customer_id)
    if status == "erased" or (status == "unknown" and not asked.guest):
        raise CustomerNotFound(asked.customer_id)
    if status == "merged":
        raise TokenRefused("The guest was merged into a customer: a token must name the customer.")
    if status == "customer" and asked.guest:
        raise TokenRefused("The `customer_id` is of a customer who is no guest.")
    expires_at = int((now + timedelta(seconds=asked.ttl_seconds)).timestamp())
    token = BrowserToken(customer_id=asked.customer_id, is_guest=status != "customer", expires_at=expires_at)
    return IssuedToken(
        token=sign_token(token, key=await signing_key_of(repository)),
        expires_at=EPOCH + timedelta(seconds=expires_at),
        customer_id=asked.customer_id,
    )


async def accepted_token(repository: Repository, text: bytes, *, now: datetime) -> BrowserToken | None:
    """Return the token of a request, or None for one that is not accepted.

    The token of a guest ends when the guest is merged, becomes a customer or is erased, and that of a customer when the
    customer is erased, or is made a guest and merged: whoever still has it must not see the lists of another person.
    """
    token = verified_token(text, key=await signing_key_of(repository), now=now)
    if token is None:
        return None
    status = await repository.customer_status(token.customer_id)
    return token if status in ({"guest", "unknown"} if token.is_guest else {"customer"}) else None
