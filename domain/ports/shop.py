"""The protocol of a storage with all of a shop, as imports, training and deletions need it."""

from typing import Protocol

from domain.ports.ingest import IngestStore
from domain.ports.repository import Repository
from domain.ports.training import ModelStore


class ShopStore(Repository, IngestStore, ModelStore, Protocol):
    """Everything that one database provides."""
