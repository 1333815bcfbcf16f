"""What events and impressions keep of a `recommendation_id`: which list it was, without personal data."""

from msgspec import Struct

from domain.records.recommendation_ids import Origin
from domain.records.recommendations import Kind


class Place(Struct, frozen=True, kw_only=True):
    """What reports group by: the kind of a list, its placement in the shop, and the arm of an experiment."""

    kind: Kind
    placement: str | None = None
    arm: str | None = None


class ListReference(Place, frozen=True, kw_only=True):
    """One answered list; `nonce` has 16 hexadecimal digits, which no other list has."""

    nonce: str

    @property
    def place(self) -> Place:
        return Place(kind=self.kind, placement=self.placement, arm=self.arm)


def reference_to(origin: Origin) -> ListReference:
    """Return the reference to a list that an id names."""
    return ListReference(kind=origin.kind, placement=origin.placement, arm=origin.arm, nonce=origin.nonce.hex())
