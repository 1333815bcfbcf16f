"""Find currencies in the signs and codes of prices."""

import re

_ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
    HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
    LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY
    TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
"""
CODES = frozenset(_ISO_4217.split())

_SIGN_TABLE = """
    EUR € euro euros  GBP £  INR ₹  RUB ₽  KRW ₩  ILS ₪
    TRY ₺  UAH ₴  THB ฿  VND ₫  NGN ₦  PHP ₱
    KZT ₸  GEL ₾  AZN ₼  GHS ₵  CRC ₡  PYG ₲
    PLN zł  CZK kč  HUF ft  CHF fr fr. sfr sfr.  BRL r$  USD us$ u$s
    AUD a$ au$  CAD c$ ca$  NZD nz$  HKD hk$  SGD s$  TWD nt$
    MXN mx$  CNY cn¥ 元  JPY jp¥ 円  MYR rm  IDR rp  RON lei
    BGN лв лв.
"""
_SIGNS = {sign: code for code, *signs in map(str.split, re.split(r"\s{2,}", _SIGN_TABLE.strip())) for sign in signs}

_SHARED_SIGNS: dict[str, tuple[str, ...]] = {
    "$": ("USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "JMD", "TTD", "BBD", "BSD", "FJD"),
    "¥": ("JPY", "CNY"),
    "\N{FULLWIDTH YEN SIGN}": ("JPY", "CNY"),
    "kr": ("", "SEK", "NOK", "DKK", "ISK"),
    "kr.": ("", "DKK", "SEK", "NOK", "ISK"),
    "rs": ("", "INR", "PKR", "LKR", "NPR", "MUR"),
    "rs.": ("", "INR", "PKR", "LKR", "NPR", "MUR"),
}
"""Signs of several currencies: the shop's own one if it is among them, else the first, which is "" where none is usual."""


def currency_code(text: str, *, own: str | None = None) -> str:
    """Return the ISO 4217 code of a code in any case, of a sign, or of both ("$ CAD"); raise ValueError for another text.

    `own` is the currency of the shop: "$" is US dollars unless the shop's own currency is another dollar.
    """
    words = text.lower().split()
    codes = [word.upper() for word in words if word.upper() in CODES]
    if len(words) == 2 and codes:
        # "$ 5.00 CAD": the code says more than the sign.
        words = [word for word in words if word not in _SIGNS and word not in _SHARED_SIGNS]
    if len(words) == 1 and codes:
        return codes[0]
    sign = "".join(words)
    if code := _SIGNS.get(sign):
        return code
    meanings = _SHARED_SIGNS.get(sign, ("",))
    if code := own if own in meanings else meanings[0]:
        return code
    raise ValueError("Expected a currency as an ISO 4217 code or its sign")
