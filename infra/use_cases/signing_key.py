"""The key of a shop that signs ids of answers, and from which other keys are derived; read once per process."""

from weakref import WeakKeyDictionary

from domain.ports.repository import Repository

_keys: WeakKeyDictionary[Repository, bytes] = WeakKeyDictionary()


async def signing_key_of(repository: Repository) -> bytes:
    if (key := _keys.get(repository)) is None:
        key = _keys[repository] = await repository.signing_key()
    return key
