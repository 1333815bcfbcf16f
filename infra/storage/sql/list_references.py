"""The columns of events that say from which list they came: `list_place`, by which reports group, and `list_nonce`."""

from collections.abc import Iterable, Mapping

import msgspec

from domain.records.interactions import Order
from domain.records.list_references import ListReference, Place
from domain.records.recommendations import Kind
from infra.storage.sql.known_products import KnownProduct

ListColumns = tuple[str | None, str | None]
"""The values of `list_place` and `list_nonce`."""
NO_LIST: ListColumns = (None, None)

Lists = Mapping[str, ListReference]
"""The lists of this shop that events name, by the ids of the answers."""
NO_LISTS: Lists = {}

_encode = msgspec.json.Encoder().encode
_decode_place = msgspec.json.Decoder(tuple[Kind, str | None, str | None]).decode
_decode_lists = msgspec.json.Decoder(dict[str, ListReference]).decode


def columns_of(reference: ListReference | None) -> ListColumns:
    return NO_LIST if reference is None else (encode_place(reference), reference.nonce)


def encode_place(place: Place) -> str:
    return _encode((place.kind, place.placement, place.arm)).decode()


def decode_place(text: str) -> Place:
    kind, placement, arm = _decode_place(text)
    return Place(kind=kind, placement=placement, arm=arm)


def reference_of(list_place: str | None, list_nonce: str | None) -> ListReference | None:
    """Return the list that the columns of an event name."""
    if list_place is None or list_nonce is None:
        return None
    kind, placement, arm = _decode_place(list_place)
    return ListReference(kind=kind, placement=placement, arm=arm, nonce=list_nonce)


def lists_of_lines(lines: Iterable[tuple[str, str | None, str | None]]) -> dict[str, ListReference]:
    """Return the lists from which products were bought, by product, of lines with their products and list columns."""
    return {
        product_id: reference
        for product_id, list_place, list_nonce in lines
        if (reference := reference_of(list_place, list_nonce)) is not None
    }


def lists_of_items(order: Order, known: Mapping[str, KnownProduct], lists: Lists) -> dict[str, ListReference]:
    """Return the lists that the items of an order name, by the id under which their product is stored: the first counts."""
    found: dict[str, ListReference] = {}
    for item in order.items:
        if (reference := lists.get(item.recommendation_id or "")) is not None:
            found.setdefault(known[item.product_id].product_id, reference)
    return found


def encode_lists(lists: Lists) -> str | None:
    return _encode(lists).decode() if lists else None


def decode_lists(text: str | None) -> dict[str, ListReference]:
    return {} if text is None else _decode_lists(text)
