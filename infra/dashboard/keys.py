"""Show which keys there are, and who did what."""

from typing import Annotated, Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from domain.records.api_keys import DAYS_OF_WARNING, ApiKey
from domain.records.audit import AuditQuery
from infra.dashboard.pages import page, show
from infra.http.auth import AuthenticatedRequest
from infra.storage.opening import Shop

N_ENTRIES = 50
HASH_LENGTH, N_SHOWN = 64, 12
"""The digits of the hash of a customer in the audit, and those that are shown."""


class ShownKey(Struct, frozen=True, kw_only=True):
    key: ApiKey
    used_at: Any
    days_left: int | None

    @property
    def ends_soon(self) -> bool:
        return self.days_left is not None and self.days_left < DAYS_OF_WARNING


@page("/dashboard/keys")
async def keys_page(
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    before: Annotated[str | None, QueryParameter(max_length=64, pattern="^[0-9a-f]+$")] = None,
) -> Response[Any]:
    repository, now = shop.repository, shop.now()
    uses = await repository.key_uses()
    keys = [ShownKey(key=key, used_at=uses.get(key.key_id), days_left=key.days_left(now)) for key in shop.settings.keys]
    entries = await repository.audit_entries(AuditQuery(before=before, limit=N_ENTRIES + 1))
    is_last = len(entries) <= N_ENTRIES
    entries = entries[:N_ENTRIES]
    shown = [(entry, _subject(entry.subject, hides_persons=request.auth == "viewer")) for entry in entries]
    return await show(
        request, shop, "keys.html",
        active="keys", keys=keys, entries=shown, before=before, older=None if is_last else entries[-1].entry_id,
    )  # fmt: skip


def _subject(subject: str | None, *, hides_persons: bool) -> str:
    if subject is None or len(subject) != HASH_LENGTH:
        return subject or ""
    return "" if hides_persons else f"{subject[:N_SHOWN]}…"
