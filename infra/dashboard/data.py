"""Bring data in from a file, after a look at what would happen; export and erase a person."""

import asyncio
from typing import Any, get_args

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from domain.errors import ConfigurationError
from domain.records.audit import Act
from domain.records.sessions import DashboardSession
from infra.dashboard.forms import read_form
from infra.dashboard.pages import backend_form, backend_page, page, see, show
from infra.dashboard.sessions import notify
from infra.dashboard.texts import plain
from infra.dashboard.uploads import Uploads
from infra.http.auth import SESSION, AuthenticatedRequest, actor_of
from infra.http.problems import RequestRefused
from infra.http.streams import json_of
from infra.ingest.options import Kind
from infra.storage.opening import Shop
from infra.use_cases.audited import audited, erase_customer, exported_chunks

N_IMPORTS = 10
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


@page("/dashboard/data")
async def data_page(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    repository = shop.repository
    return await show(
        request, shop, "data.html",
        active="data", kinds=list(_KINDS), imports=await repository.imports(N_IMPORTS),
        max_megabytes=max(1, shop.settings.upload_max_bytes // 1_000_000),
    )  # fmt: skip


@backend_form("/dashboard/data/check")
async def check_file(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    filled = await read_form(request, max_file_bytes=shop.settings.upload_max_bytes)
    kind = _KINDS.get(filled["kind"])
    if filled.file is None or kind is None:
        await notify(request, shop, plain("data.no_file"))
        return see("data")
    uploads = _uploads_of(shop, request)
    try:
        upload_id = await asyncio.to_thread(uploads.store, filled.file.file, name=filled.file.filename)
    finally:
        await filled.file.close()
    await asyncio.to_thread(uploads.try_out, upload_id, kind, now=shop.now())
    return see("data", "uploads", upload_id)


@backend_page("/dashboard/data/uploads/{upload_id:str}")
async def upload_page(
    upload_id: FromPath[str], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    result = _uploads_of(shop, request).result(upload_id)
    return await show(request, shop, "upload.html", active="data", upload_id=upload_id, result=result)


@backend_form("/dashboard/data/uploads/{upload_id:str}/import")
async def import_upload(
    upload_id: FromPath[str], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    await read_form(request)
    uploads, repository = _uploads_of(shop, request), shop.repository
    act = Act(actor=actor_of(request), action="import", name=uploads.result(upload_id).kind)
    try:
        async with audited(repository, act, keep=repository.record_act):
            result = await asyncio.to_thread(uploads.carry_out, upload_id, now=shop.now())
        notice = plain("data.imported", stored=f"{result.n_stored:,}", refused=f"{result.n_refused:,}")
    except ConfigurationError:
        # Its text may have values of the file.
        notice = plain("data.not_imported")
        result = None
    await notify(request, shop, notice)
    return see("data", "uploads", upload_id) if result is not None and result.n_refused else see("data")


@backend_page("/dashboard/data/uploads/{upload_id:str}/refused.csv")
async def refused_lines(
    upload_id: FromPath[str], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    uploads, repository = _uploads_of(shop, request), shop.repository
    act = Act(actor=actor_of(request), action="download-refused", name=uploads.result(upload_id).kind)
    async with audited(repository, act, keep=repository.record_act):
        content = await asyncio.to_thread(uploads.refused_lines, upload_id)
    headers = {"content-disposition": 'attachment; filename="refused-lines.csv"'}
    return Response(content, media_type="text/csv", headers=headers)


@backend_form("/dashboard/data/uploads/{upload_id:str}/discard")
async def discard_upload(
    upload_id: FromPath[str], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    await read_form(request)
    _uploads_of(shop, request).discard(upload_id)
    await notify(request, shop, plain("data.discarded"))
    return see("data")


@backend_form("/dashboard/data/export", status_code=200)
async def export_person(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    filled = await read_form(request)
    response = await json_of(exported_chunks(shop.repository, filled["customer"], actor=actor_of(request)))
    response.headers["content-disposition"] = 'attachment; filename="person.json"'
    return response


@backend_form("/dashboard/data/erase")
async def erase_person(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    filled = await read_form(request)
    if not filled["customer"] or filled["customer"] != filled["again"]:
        await notify(request, shop, plain("data.not_the_same"))
        return see("data")
    await erase_customer(shop.repository, filled["customer"], actor=actor_of(request))
    await notify(request, shop, plain("data.erased"))
    return see("data")


def _uploads_of(shop: Shop, request: AuthenticatedRequest) -> Uploads:
    session: DashboardSession | None = request.scope["state"][SESSION]
    # Without keys, a session begins with the first page that is shown.
    if session is None:
        raise RequestRefused("not-found")
    return Uploads(shop.settings, session.session_hash)
