"""A few hundred mutated files; `python -m tests.fuzz.files N` tries more."""

import signal

from tests.fuzz import files


async def test_mutated_files_are_stored_or_refused_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    previous = signal.signal(signal.SIGALRM, files.ring)
    try:
        outcomes, findings = await files.fuzz_files(range(200), seed="test", folder=tmp_path)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert findings == []
    assert outcomes["stored"] > 20
    assert outcomes["stored, some refused"] > 20
