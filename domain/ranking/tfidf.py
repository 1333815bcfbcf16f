"""Names of products as TF-IDF vectors: a word of many names counts little, a word of few names counts much."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.model import WordWeights

N_WORDS = 2048
MAX_WORD_LENGTH = 32
DIGITS = 5


class WordVectors(Struct, frozen=True, kw_only=True):
    """The names of n products as sparse vectors of length 1, or 0 for a name without words: one entry per word of a name.

    `sizes` (n,) counts the words of each; `words` are hashes; `weights` are count x idf over the length of the vector.
    """

    sizes: npt.NDArray[np.intp]
    words: npt.NDArray[np.uint64]
    weights: npt.NDArray[np.float32]

    def take(self, rows: npt.NDArray[np.intp]) -> "WordVectors":
        """Return the vectors of some of the names."""
        sizes = self.sizes[rows]
        starts = (np.cumsum(self.sizes) - self.sizes)[rows]
        entries = np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
        return WordVectors(sizes=sizes, words=self.words[entries], weights=self.weights[entries])

    def shared(self) -> "WordVectors":
        """Drop the words that only one name has: they match no other name."""
        _, places, n_with = np.unique(self.words, return_inverse=True, return_counts=True)
        kept = n_with[places] > 1
        rows = np.repeat(np.arange(len(self.sizes)), self.sizes)[kept]
        return WordVectors(
            sizes=np.bincount(rows, minlength=len(self.sizes)), words=self.words[kept], weights=self.weights[kept]
        )

    def dense(self, words: npt.NDArray[np.uint64]) -> npt.NDArray[np.float32]:
        """Return the weights of `words` (sorted, not empty) in each name as a dense array (n, len(words))."""
        places = np.minimum(np.searchsorted(words, self.words), len(words) - 1)
        known = words[places] == self.words
        rows = np.repeat(np.arange(len(self.sizes)), self.sizes)
        spread = np.zeros((len(self.sizes), len(words)), dtype=np.float32)
        spread[rows[known], places[known]] = self.weights[known]
        return spread


def word_weights(names: Sequence[str]) -> WordWeights:
    """Weigh words by `idf = ln(1 + names / names with it)` (Spärck Jones 1972).

    The 2,048 most frequent words get a weight of their own, ties by the word. All other words, including unknown ones,
    weigh as much as the rarest of these, or as a word of one name where there are fewer. Words of more than 32 letters
    count among the others, because the model stores them.
    """
    counts = Counter(word for name in names for word in words_of(name).words)
    shared = sorted((-n, word) for word, n in counts.items() if n > 1 and len(word) <= MAX_WORD_LENGTH)
    kept = {word: math.log1p(len(names) / -n) for n, word in shared[:N_WORDS]}
    rare = max(kept.values()) if len(shared) > N_WORDS else math.log1p(max(len(names), 1))
    return WordWeights(idf=kept, rare=rare)


def vectors(names: Sequence[str], weights: WordWeights) -> WordVectors:
    """Weigh the words of each name by count x idf, as vectors of length 1 (Salton & Buckley 1988)."""
    counted = [words_of(name) for name in names]
    sizes = np.array([len(own.words) for own in counted], dtype=np.intp)
    rows = np.repeat(np.arange(len(names)), sizes)
    words = chain.from_iterable(own.words for own in counted)
    idf = np.fromiter(map(weights.idf.get, words, repeat(weights.rare)), dtype=np.float64, count=len(rows))
    values = idf * np.frombuffer(b"".join(own.counts for own in counted), dtype=np.uint32)
    lengths = np.sqrt(np.bincount(rows, weights=values * values, minlength=len(names)))
    return WordVectors(
        sizes=sizes,
        words=np.frombuffer(b"".join(own.hashes for own in counted), dtype=np.uint64),
        weights=(values / lengths[rows]).astype(np.float32),
    )


def cosine(one: WordVectors, other: WordVectors) -> npt.NDArray[np.float32]:
    """Return the cosine of each name of `one` with each of `other`: (n, m) values in [0, 1], 1 for the same words.

    Values are rounded to 5 digits, because the last bits, which would decide ties, differ between processors.
    """
    words = np.unique(one.words)
    if not len(words):
        return np.zeros((len(one.sizes), len(other.sizes)), dtype=np.float32)
    return np.minimum(one.dense(words) @ other.dense(words).T, np.float32(1.0)).round(DIGITS)


class Words(NamedTuple):
    """The distinct words of a name, with their hashes (uint64) and counts (uint32) as bytes."""

    words: tuple[str, ...]
    hashes: bytes
    counts: bytes


@lru_cache(maxsize=65_536)
def words_of(name: str) -> Words:
    """Split a name into words, ignoring case."""
    counts = Counter(re.findall(r"\w+", name.casefold()))
    hashes = np.array([hash_text(word) for word in counts], dtype=np.uint64)
    return Words(tuple(counts), hashes.tobytes(), np.array([*counts.values()], dtype=np.uint32).tobytes())


@lru_cache(maxsize=65_536)
def hash_text(text: str) -> int:
    """Hash text to 64 bits, the same in every process; the empty text to 0."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) if text else 0
