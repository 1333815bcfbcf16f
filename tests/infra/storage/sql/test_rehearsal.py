"""The engine of a rehearsal, beyond what imports use."""

from infra.storage.sql import models


async def test_a_rehearsal_reads_what_is_stored_now(repository):
    assert await repository.rehearsal().engine.read_anew(models.current_id) == "untrained"
