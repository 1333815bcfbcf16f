"""Neighbour lists as bytes: one little-endian int32 product index and float32 weight per neighbour, best first."""

import numpy as np
import numpy.typing as npt

NEIGHBOUR = np.dtype([("product_index", "<i4"), ("weight", "<f4")])


def pack(product_indexes: npt.ArrayLike, weights: npt.ArrayLike) -> bytes:
    """Pack parallel arrays of the same length."""
    indexes = np.asarray(product_indexes)
    packed = np.empty(indexes.shape[0], dtype=NEIGHBOUR)
    packed["product_index"] = indexes
    packed["weight"] = weights
    return packed.tobytes()


def unpack(packed: bytes) -> npt.NDArray[np.void]:
    """View packed neighbours as an array of NEIGHBOUR records; several packed lists may simply be concatenated."""
    return np.frombuffer(packed, dtype=NEIGHBOUR)
