"""Files are tried out before they are imported; a person is exported, and erased with the id typed twice."""

import asyncio
import gzip
import os
import tempfile
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from domain.errors import ConfigurationError
from domain.records.audit import AuditQuery
from infra.dashboard.uploads import Uploads, remove_old, remove_old_uploads
from infra.http.problems import RequestRefused
from infra.storage.opening import Storage, open_repository
from tests.conftest import NOW
from tests.infra.dashboard.conftest import OWNER, browsing

CSV = b"product_id,name,price\nnew-1,New one,5\nnew-2,New two,6\nnew-3,New three,7\nnew-4,New four,x\n"


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Keep uploads in a folder of the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def check(browser, content=CSV, *, name="catalogue.csv", kind="products"):
    """Upload a file, and return the address of the page about it."""
    response = await browser.send("/data/check", fields={"kind": kind}, files={"file": (name, content)})
    assert response.status_code == 303, response.text
    return response.headers["location"].removeprefix("/dashboard")


def kept(temporary):
    return [path.name for folder in temporary.glob("*.uploads") for path in folder.rglob("*") if path.is_file()]


async def names(settings):
    async with open_repository(settings) as shop:
        return {product.product_id for product in await shop.find_products("new", n=9)}


async def test_a_file_is_tried_out_and_then_imported(owner, filled, temporary):
    path = await check(owner)
    page = (await owner.get(path)).text
    before = await names(filled)
    response = await owner.send(f"{path}/import", page=path)
    text = await owner.see(response)
    again = (await owner.get("/data")).text

    assert "4 lines were read" in page
    assert "3 would be new or changed" in page
    assert "1 x price" in page
    assert "line 5" in page
    assert before == set()
    assert await names(filled) == {"new-1", "new-2", "new-3"}
    assert "Imported: 3 lines new or changed, 1 refused." in text
    assert "<h1>catalogue.csv</h1>" in text
    assert "<b>3 are new or changed</b>, 1 were refused" in text
    assert "Imported: 3" not in again
    assert "catalogue.csv" in again
    assert sorted(kept(temporary)) == ["claim", "refused.csv", "result.json"]
    assert (await owner.send(f"{path}/import")).status_code == 404
    async with open_repository(filled) as shop:
        [entry] = await shop.audit_entries(AuditQuery(action="import"))
    assert (entry.actor, entry.subject, entry.outcome) == ("owner", "products", "done")


async def test_a_file_is_imported_into_postgresql(keyed, migrated_url):
    settings = replace(keyed, database_url=migrated_url)
    async with browsing(settings) as browser:
        await browser.sign_in(OWNER)
        path = await check(browser)
        text = await browser.see(await browser.send(f"{path}/import"))

    assert "Imported: 3 lines new or changed, 1 refused." in text
    assert await names(settings) == {"new-1", "new-2", "new-3"}


async def test_a_file_can_be_discarded(owner, filled, temporary):
    path = await check(owner)
    text = await owner.see(await owner.send(f"{path}/discard", page=path))

    assert "The file was discarded." in text
    assert kept(temporary) == []
    assert (await owner.get(path)).status_code == 404
    assert await names(filled) == set()


async def test_a_packed_file_is_read(owner):
    page = (await owner.get(await check(owner, gzip.compress(CSV), name="../catalogue.csv.gz"))).text

    assert "<h1>catalogue.csv.gz</h1>" in page
    assert "4 lines were read" in page


@pytest.mark.parametrize("content", [b"\0\1\2", b"", b"product_id,price\n" + b"p,x\n" * 9])
async def test_a_file_that_is_not_understood_says_why_and_cannot_be_imported(owner, content, temporary):
    path = await check(owner, content)
    page = (await owner.get(path)).text

    assert "cannot be imported" in page
    assert f"{path}/import" not in page
    assert str(temporary) not in page
    text = await owner.see(await owner.send(f"{path}/import"))
    assert "Imported" not in text


@pytest.mark.parametrize(("kind", "files"), [("other", True), ("products", False)])
async def test_a_form_without_a_file_or_a_kind_asks_for_it(owner, kind, files):
    options = {"files": {"file": ("a.csv", CSV)}} if files else {}
    response = await owner.send("/data/check", fields={"kind": kind}, **options)

    assert "Choose a file" in await owner.see(response)


async def test_a_file_that_is_too_large_is_refused_with_and_without_a_length(filled, temporary):
    async with browsing(replace(filled, upload_max_bytes=1000)) as browser:
        await browser.sign_in(OWNER)
        token = await browser.token()
        announced = await browser.post("/data/check", fields={"token": token}, files={"file": ("a.csv", b"a" * 99_000)})

        async def content():
            yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
            for _ in range(10):
                yield b"a" * 10_000

        headers = {"content-type": "multipart/form-data; boundary=x"}
        chunked = await browser.client.post("/dashboard/data/check", content=content(), headers=headers)

    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert kept(temporary) == []


@pytest.mark.parametrize(
    "content", [b"nothing", b'--x\r\ncontent-disposition: form-data; name="kind"\r\n\r\n\xff\r\n--x--\r\n']
)
async def test_a_damaged_form_is_a_bad_request(owner, content):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = await owner.client.post("/dashboard/data/check", content=content, headers=headers)

    assert response.status_code == 400


async def test_an_upload_without_the_token_of_the_session_is_refused_and_not_kept(owner, temporary):
    response = await owner.post("/data/check", fields={"kind": "products"}, files={"file": ("a.csv", CSV)})

    assert response.status_code == 403
    assert kept(temporary) == []


async def test_a_second_upload_replaces_the_first_and_signing_out_removes_it(owner, temporary):
    first = await check(owner)
    second = await check(owner, name="other.csv")

    assert (await owner.get(first)).status_code == 404
    assert (await owner.get(second)).status_code == 200
    await owner.send("/logout")
    assert kept(temporary) == []


async def test_nobody_sees_the_upload_of_another_session(owner, filled):
    path = await check(owner)
    async with browsing(filled) as other:
        await other.sign_in(OWNER)

        assert (await other.get(path)).status_code == 404
        assert (await other.send(f"{path}/import")).status_code == 404


async def test_an_upload_that_is_forgotten_is_removed_with_the_next_one(owner, keyed, temporary):
    await check(owner)
    [folder] = [path for path in temporary.glob("*.uploads/*") if path.is_dir()]
    hour_ago = time.time() - 3601
    other = folder.with_name("b" * 32 + "-" + "c" * 32)
    other.mkdir()
    os.utime(other, (hour_ago, hour_ago))
    recent = folder.with_name("d" * 32 + "-" + "e" * 32)
    recent.mkdir()
    await check(owner)

    assert not other.exists()
    assert recent.exists()


async def test_the_application_removes_forgotten_uploads(owner, keyed, temporary):
    await check(owner)
    [folder] = [path for path in temporary.glob("*.uploads/*") if path.is_dir()]
    os.utime(folder, (0, 0))
    async with remove_old_uploads(Storage(lambda: keyed)):
        for _ in range(100):
            await asyncio.sleep(0.01)
            if not folder.exists():
                break

    assert not folder.exists()
    # Without any upload, there is no folder.
    remove_old(temporary / "nothing")


async def test_an_upload_that_another_request_discarded_is_gone(owner, keyed, temporary, monkeypatch):
    path = await check(owner)
    [folder] = [path for path in temporary.glob("*.uploads/*") if path.is_dir()]
    (folder / "catalogue.csv").unlink()

    assert (await owner.send(f"{path}/import")).status_code == 404


async def test_a_second_click_on_import_takes_nothing_away(owner, temporary):
    path = await check(owner)
    fields = {"token": await owner.token()}

    answers = await asyncio.gather(*(owner.post(f"{path}/import", fields=fields) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [303, 404, 404]
    assert (await owner.get(f"{path}/refused.csv")).status_code == 200


def test_a_try_out_whose_upload_is_discarded_meanwhile_leaves_nothing(keyed, temporary, tmp_path, monkeypatch):
    uploads = Uploads(keyed, "0" * 64)
    with (tmp_path / "file").open("w+b") as file:
        upload_id = uploads.store(file, name="a.csv")
    monkeypatch.setattr(uploads, "_imported", lambda *_, **__: uploads.discard(upload_id))

    uploads.try_out(upload_id, "products", now=NOW)

    assert kept(temporary) == []


async def test_an_import_that_fails_is_failed_in_the_audit(filled):
    async with browsing(filled) as browser:
        await browser.sign_in(OWNER)
        path = await check(browser, b"\0\1\2")
        text = await browser.see(await browser.send(f"{path}/import"))

    assert "Nothing was imported" in text
    async with open_repository(filled) as shop:
        [entry] = await shop.audit_entries(AuditQuery(action="import"))
    assert entry.outcome == "failed"


@pytest.mark.parametrize("upload_id", ["a", "../" + "a" * 32, "A" * 32])
def test_an_id_of_an_upload_is_no_path(keyed, upload_id):
    with pytest.raises(RequestRefused):
        Uploads(keyed, "0" * 64).result(upload_id)


def test_a_folder_of_somebody_else_is_not_used(keyed, temporary, tmp_path):
    uploads = Uploads(keyed, "0" * 64)
    with (tmp_path / "file").open("w+b") as file:
        uploads.store(file, name="...")
        [folder] = temporary.glob("*.uploads")
        folder.rename(tmp_path / "elsewhere")
        Path(folder).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ConfigurationError, match="another user"):
            uploads.store(file, name="a.csv")


async def test_everything_about_a_person_is_exported(owner, filled):
    response = await owner.send("/data/export", fields={"customer": "canary"})
    unknown = await owner.send("/data/export", fields={"customer": "nobody"})

    assert response.status_code == 200
    assert response.headers["content-disposition"] == 'attachment; filename="person.json"'
    assert response.json()["customer"]["email"] == "canary@example.com"
    assert unknown.status_code == 404
    async with open_repository(filled) as shop:
        assert [entry.actor for entry in await shop.audit_entries(AuditQuery(action="export"))][-1] == "owner"


@pytest.mark.parametrize("again", ["", "canary-1", "Canary"])
async def test_a_person_is_erased_only_with_the_id_typed_twice(owner, again):
    text = await owner.see(await owner.send("/data/erase", fields={"customer": "canary", "again": again}))

    assert "Nobody was erased." in text
    assert (await owner.get("/customers/canary")).status_code == 200


async def test_a_person_is_erased(owner, filled):
    text = await owner.see(await owner.send("/data/erase", fields={"customer": "canary", "again": "canary"}))

    assert "The person was erased." in text
    assert (await owner.get("/customers/canary")).status_code == 404
    async with open_repository(filled) as shop:
        [entry] = await shop.audit_entries(AuditQuery(action="erase"))
    assert (entry.actor, entry.outcome) == ("owner", "done")
    assert NOW
