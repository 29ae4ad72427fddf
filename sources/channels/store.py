"""The shops themselves: visits, tills, returns, coupons."""

from typing import ClassVar

from schemas.channel import MINUTE, Channel
from schemas.events.commerce import CouponApplied, OrderCompleted, OrderRefunded, ReturnRequested
from schemas.touchpoint import Properties, Text


class StoreVisited(Properties):
    """The customer was seen in a shop: a check-in, a beacon, a loyalty terminal."""

    event: ClassVar[str] = "Store Visited"
    store_id: Text | None = None
    store_name: Text | None = None


channel = Channel(
    "store",
    "shops and their tills",
    60 * MINUTE,
    (StoreVisited, OrderCompleted, OrderRefunded, ReturnRequested, CouponApplied),
)
