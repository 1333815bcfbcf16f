"""Ids as shops have them, texts that are no ids, and a strategy that draws ids."""

from hypothesis import strategies as st

REAL_IDS = ("#1001", "gid://shopify/Customer/123", "SKU 12/3", "Größe-42", "a@example.com")
CANARY_IDS = (
    "#canary-1001", "gid://canary/Customer/123", "Canary 12/3", "Größe-canary", "canary+1@example.com", "50% canary?",
    "canary%2F1",
)  # fmt: skip
"""Like real ids, and found by the search for personal data in outputs."""

NOT_IDS = {
    "empty": "", "dot": ".", "two-dots": "..", "blank": " ", "blank-at-the-end": "a ", "blank-at-the-beginning": " a",
    "two-blanks": "a  b", "two-kinds-of-blanks": "a \u00a0b", "newline-at-the-end": "a\n", "newline": "a\nb", "tab": "a\tb",
    "nul": "a\x00b", "delete": "a\x7fb", "next-line": "a\x85b", "line-separator": "a\u2028b",
    "paragraph-separator": "a\u2029b", "zero-width-space": "a\u200bb", "right-to-left-override": "a\u202eb",
    "byte-order-mark": "\ufeffa", "soft-hyphen": "a\u00adb", "tag": "a\U000e0041b", "lone-surrogate": "a\ud800b",
    "too-long": "x" * 129,
}  # fmt: skip

_characters = st.characters(categories=["L", "M", "N", "P", "S"])


def ids():
    """Draw ids: up to four words with single blanks between them."""
    words = st.text(_characters, min_size=1, max_size=20)
    return st.lists(words, min_size=1, max_size=4).map(" ".join).filter(lambda text: text not in {".", ".."})
