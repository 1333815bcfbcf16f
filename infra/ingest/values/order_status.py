"""Read the status of an order, in English and in the words of shop systems."""

import re
from typing import Literal

OrderState = Literal["bought", "returned", "partly_returned", "unknown"]

_STATUSES: dict[OrderState, str] = {
    "bought": """
        paid partiallypaid authorized authorised pending pendingpayment paymentpending unpaid open new received confirmed
        accepted approved paymentaccepted remotepaymentaccepted awaitingpayment awaitingcheckpayment
        awaitingbankwirepayment processing processinginprogress preparationinprogress inprogress onhold holded hold
        paymentreview complete completed shipped partiallyshipped delivered fulfilled partiallyfulfilled unfulfilled partial
        invoiced finished done success successful placed onbackorderpaid onbackordernotpaid readyforpickup pickedup
        intransit active
    """,
    "returned": """
        cancelled canceled cancelledbycustomer refunded fullyrefunded returned voided void failed failure
        paymenterror paymentfailed declined denied rejected expired abandoned trash draft checkoutdraft deleted fraud
        suspectedfraud chargeback reversed restocked
    """,
    "partly_returned": """
        partiallyrefunded partlyrefunded partialrefund partiallyreturned partlyreturned partialreturn
    """,
}
_STATES: dict[str, OrderState] = {status: state for state, names in _STATUSES.items() for status in names.split()}


def order_state(text: str) -> OrderState:
    """Return whether a status leaves the order bought, takes it back, or a part of it.

    An order that was never paid (failed, expired, draft) counts as taken back. "closed" is unknown: it is
    Magento's word for refunded, and others' for done.
    """
    word = re.sub(r"[\W_]+", "", text.lower())
    return _STATES.get(word.removeprefix("wc"), "unknown")
