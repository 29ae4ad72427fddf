"""Buying: Segment's e-commerce events."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.touchpoint import Money, Part, Properties, Text


class Product(Part):
    """One line of a basket or list."""

    product_id: Text | None = None
    sku: Text | None = None
    name: Text | None = None
    category: Text | None = None
    brand: Text | None = None
    variant: Text | None = None
    price: Money | None = Field(None, description="of one piece")
    quantity: Annotated[float, Field(ge=0)] | None = Field(None, description="pieces, or a weight")
    discount: Money | None = None
    coupon: Text | None = None
    position: int | None = None


class ProductProperties(Properties):
    """Segment sends the product of such an event flat."""

    product_id: Text | None = None
    sku: Text | None = None
    name: Text | None = None
    category: Text | None = None
    brand: Text | None = None
    variant: Text | None = None
    price: Money | None = None
    quantity: Annotated[float, Field(ge=0)] | None = None
    coupon: Text | None = None
    position: int | None = None
    cart_id: Text | None = None
    url: Text | None = None


class ListProperties(Properties):
    """Several products shown together."""

    list_id: Text | None = None
    category: Text | None = None
    cart_id: Text | None = None
    products: list[Product] | None = None


class OrderProperties(Properties):
    """An order or a checkout. `value` of the touchpoint is revenue, else total."""

    revenue: Money | None = Field(None, description="without shipping and tax")
    total: Money | None = Field(None, description="what the customer paid")
    subtotal: Money | None = None
    shipping: Money | None = None
    tax: Money | None = None
    discount: Money | None = None
    coupon: Text | None = None
    checkout_id: Text | None = None
    affiliation: Text | None = None
    store_id: Text | None = None
    products: list[Product] | None = None


class PromotionProperties(Properties):
    promotion_id: Text | None = None
    creative: Text | None = None
    name: Text | None = None
    position: Text | None = None


class ProductsSearched(Properties):
    """The customer searched the catalogue."""

    event: ClassVar[str] = "Products Searched"
    query: Text | None = None
    results: Annotated[int, Field(ge=0)] | None = Field(None, description="how many were found")


class ProductListViewed(ListProperties):
    """A category or list of products was shown."""

    event: ClassVar[str] = "Product List Viewed"


class ProductViewed(ProductProperties):
    """A product was shown."""

    event: ClassVar[str] = "Product Viewed"


class ProductAdded(ProductProperties):
    """A product was put into the cart."""

    event: ClassVar[str] = "Product Added"


class ProductRemoved(ProductProperties):
    """A product was taken out of the cart."""

    event: ClassVar[str] = "Product Removed"


class CartViewed(ListProperties):
    """The cart was shown."""

    event: ClassVar[str] = "Cart Viewed"


class CheckoutStarted(OrderProperties):
    """The customer began to pay."""

    event: ClassVar[str] = "Checkout Started"


class PaymentInfoEntered(OrderProperties):
    """The customer entered how to pay."""

    event: ClassVar[str] = "Payment Info Entered"
    step: int | None = None
    shipping_method: Text | None = None
    payment_method: Text | None = None


class OrderCompleted(OrderProperties):
    """An order was placed, or a basket paid at a till."""

    event: ClassVar[str] = "Order Completed"


class OrderCancelled(OrderProperties):
    """An order was withdrawn before delivery."""

    event: ClassVar[str] = "Order Cancelled"


class OrderRefunded(OrderProperties):
    """Money went back to the customer."""

    event: ClassVar[str] = "Order Refunded"


class ReturnRequested(OrderProperties):
    """The customer wants to send something back, or brings it to a shop."""

    event: ClassVar[str] = "Return Requested"
    return_id: Text | None = None
    reason: Text | None = None


class ProductReviewed(ProductProperties):
    """The customer wrote about a product."""

    event: ClassVar[str] = "Product Reviewed"
    words: ClassVar[str] = "review_body"
    review_id: Text | None = None
    review_body: Text | None = None
    rating: float | None = Field(None, description="1 to 5; other scales are kept and not understood")


class CouponApplied(Properties):
    """A coupon was accepted."""

    event: ClassVar[str] = "Coupon Applied"
    cart_id: Text | None = None
    coupon_id: Text | None = None
    coupon_name: Text | None = None
    campaign_id: Text | None = None
    store_id: Text | None = None
    discount: Money | None = None


class PromotionViewed(PromotionProperties):
    """A promotion was shown."""

    event: ClassVar[str] = "Promotion Viewed"


class PromotionClicked(PromotionProperties):
    """A promotion was clicked."""

    event: ClassVar[str] = "Promotion Clicked"


SHOPPING = (
    ProductsSearched, ProductListViewed, ProductViewed, ProductAdded, ProductRemoved, CartViewed, CheckoutStarted,
    PaymentInfoEntered, OrderCompleted, OrderCancelled, OrderRefunded, ReturnRequested, ProductReviewed, CouponApplied,
    PromotionViewed, PromotionClicked,
)  # fmt: skip
