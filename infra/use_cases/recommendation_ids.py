"""New ids of answers."""

import secrets
from datetime import datetime

from domain.ports.repository import Repository
from domain.records.recommendation_ids import Origin, recommendation_id
from domain.records.recommendations import Kind
from infra.use_cases.signing_key import signing_key_of


async def new_recommendation_id(  # noqa: PLR0913 - what an id says
    repository: Repository,
    kind: Kind,
    *,
    model_id: str,
    placement: str | None = None,
    arm: str | None = None,
    now: datetime,
) -> str:
    """Return an id of its own for an answer; nothing is stored."""
    key = await signing_key_of(repository)
    at, nonce = int(now.timestamp()), secrets.token_bytes(8)
    origin = Origin(kind=kind, model_id=model_id, at=at, nonce=nonce, placement=placement, arm=arm)
    return recommendation_id(origin, key=key)
