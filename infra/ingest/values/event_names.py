"""Read names of event types: of analytics, feeds of recommenders, shop systems and data sets."""

import re
from functools import lru_cache
from typing import Literal, get_args

from domain.records.interactions import InteractionType

EventMeaning = InteractionType | Literal["purchase", "return", "ignored"]

EVENT_MEANINGS: tuple[EventMeaning, ...] = (*get_args(InteractionType), "purchase", "return", "ignored")

_NAMES: dict[EventMeaning, str] = {
    "view": """
        view views viewed pv click clicked read detail details viewitem itemview itemviewed vieweditem
        viewproduct productview productviewed viewedproduct productpageview productpageviewed detailpageview
        productdetail productdetailview productdetailviewed viewproductdetails productdetails viewdetail viewcontent
        contentview pdpview itemdetail itempageview clickitem itemclick productvisit
    """,
    "cart": """
        cart carts addtocart addedtocart cartadd cartadded addcart basket addtobasket addedtobasket addbasket
        addtobag addedtobag productadded addproduct productaddedtocart addproducttocart addedproducttocart
        productaddtocart itemaddedtocart additemtocart addeditemtocart addtocartclick wishlistproductaddedtocart
    """,
    "wishlist": """
        wishlist wishlists addtowishlist addedtowishlist wishlistadd addwishlist productaddedtowishlist
        addproducttowishlist itemaddedtowishlist addedproducttowishlist like liked favorite favourite favorited
        favourited fav favorites favourites addtofavorites addtofavourites addedtofavorites addfavorite addfavourite
        save saved saveforlater bookmark bookmarked star starred
    """,
    "purchase": """
        purchase purchases purchased buy bought order ordered sale transaction purchasecomplete purchasecompleted
        completepurchase purchaseproduct productpurchase productpurchased itempurchased ecommercepurchase
        inapppurchase ordercompleted ordercomplete completedorder completeorder orderplaced placedorder placeorder
        ordercreated orderedproduct productordered ordersubmitted orderpaid checkoutcompleted checkoutcomplete
        completedcheckout completecheckout
    """,
    "remove_from_cart": """
        removefromcart removedfromcart removecart cartremove cartremoved cartremoval deletefromcart deletedfromcart
        removefrombasket removedfrombasket basketremove deletefrombasket removefrombag removedfrombag productremoved
        removedproduct removeproduct productremovedfromcart removeproductfromcart removedproductfromcart
        productremovefromcart itemremovedfromcart removeitemfromcart removeditemfromcart
    """,
    "remove_from_wishlist": """
        removefromwishlist removedfromwishlist wishlistremove wishlistremoved deletefromwishlist removewishlist
        productremovedfromwishlist removeproductfromwishlist removedproductfromwishlist itemremovedfromwishlist unlike
        unliked unfavorite unfavourite unfavorited unfavourited removefromfavorites removefromfavourites
        removedfromfavorites removedfromfavourites unsave unsaved unbookmark unstar
    """,
    "return": """
        return returned returns refund refunded refunds cancel cancelled canceled cancellation purchaserefund
        purchaserefunded orderrefunded refundedorder orderrefund ordercancelled ordercanceled cancelledorder
        canceledorder ordercancel cancelorder orderreturned returnedorder productreturned productrefunded
        refundorder returnorder purchasecancelled purchasecanceled
    """,
}
_MEANINGS: dict[str, EventMeaning] = {name: meaning for meaning, names in _NAMES.items() for name in names.split()}
_SEPARATORS = re.compile(r"[\W_]+")


@lru_cache(maxsize=1024)
def event_type_of(name: str) -> EventMeaning:
    """Return our event type for a name, whatever its case, blanks and separators.

    "return" takes an order back. Everything else is "ignored": lists and searches, steps of a checkout, and clicks on a
    list, which the view of the product follows.
    """
    return _MEANINGS.get(_SEPARATORS.sub("", name.lower()), "ignored")
