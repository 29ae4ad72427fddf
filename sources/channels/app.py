"""The mobile app: screens, taps and the shop, in Segment's words."""

from schemas.channel import MINUTE, Channel
from schemas.events.browsing import INTERACTION, ApplicationOpened, ScreenViewed
from schemas.events.commerce import SHOPPING

channel = Channel(
    "app",
    "what customers do in your mobile apps",
    30 * MINUTE,
    (ApplicationOpened, ScreenViewed, *INTERACTION, *SHOPPING),
)
