"""Read whether a product is shown in the shop: flags, statuses and visibilities of shop systems."""

import re
from typing import Any

_WORDS = {
    True: """
        1 1.0 y yes true t on x enabled enable active activated published publish public live online visible shown show
        catalog search catalogsearch searchcatalog both shopandsearch everywhere
    """,
    False: """
        0 0.0 -1 -1.0 2 2.0 n no false f off disabled disable inactive deactivated unpublished private draft autodraft
        archived archive pending future scheduled trash deleted removed offline unlisted hidden invisible none notvisible
        notvisibleindividually nowhere
    """,
}
"""2 is "disabled" of Magento, -1 "draft" of WooCommerce."""

_MEANINGS = {word: is_shown for is_shown, words in _WORDS.items() for word in words.split()}


def is_on(value: Any) -> bool:
    """Return whether a flag, status or visibility is on; raise ValueError for other words."""
    if isinstance(value, bool):
        return value
    word = re.sub(r"[\s_,]|(?<!^)-", "", str(value).strip().lower())
    if value is not None and word in _MEANINGS:
        return _MEANINGS[word]
    raise ValueError("Expected yes or no, or a status such as active, draft, hidden")
