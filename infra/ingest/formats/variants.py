"""Read the text with which a product names its variants."""

import re


def variant_ids(text: str) -> tuple[str, ...]:
    """Return the ids in Magento's `configurable_variations`, such as "sku=A-S,size=S|sku=A-M,size=M"."""
    return tuple(dict.fromkeys(sku.strip() for sku in re.findall(r"(?:^|[|,])\s*sku=([^,|]+)", text)))
