"""Temporary folders are removed, also those of imports that were killed."""

import fcntl
import stat
import subprocess
import sys
import tempfile

import pytest

from infra.ingest.temporary import temporary_folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_private_and_removed_at_the_end(own_folder):
    with temporary_folder() as folder:
        (folder / "staged.db").write_text("canary")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.parent == own_folder

    assert list(own_folder.iterdir()) == []


def test_a_folder_is_removed_after_an_error(own_folder):
    with pytest.raises(ValueError, match="wrong"), temporary_folder():
        raise ValueError("wrong")

    assert list(own_folder.iterdir()) == []


def test_folders_of_killed_imports_are_removed_by_the_next_one(own_folder):
    script = (
        "import os, signal, tempfile\n"
        f"tempfile.tempdir = {str(own_folder)!r}\n"
        "from infra.ingest.temporary import temporary_folder\n"
        "with temporary_folder() as folder:\n"
        "    (folder / 'staged.db').write_text('x')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert len(list(own_folder.iterdir())) == 2

    with temporary_folder() as folder:
        assert {path.suffix for path in own_folder.iterdir()} == {".lock", ".files"}
        assert folder.with_suffix(".lock").exists()
        assert len(list(own_folder.iterdir())) == 2


def test_folders_of_running_imports_stay(own_folder):
    with temporary_folder() as first, temporary_folder() as second:
        assert first.exists()
        assert second.exists()


def test_a_lock_without_a_folder_stays_as_its_import_is_about_to_make_one(own_folder):
    lock = own_folder / "shop-import-x.lock"
    lock.write_text("")

    with temporary_folder():
        assert lock.exists()


def test_what_is_locked_by_another_import_stays(own_folder):
    folder, lock = own_folder / "shop-import-x.files", own_folder / "shop-import-x.lock"
    folder.mkdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with temporary_folder():
            assert folder.exists()
