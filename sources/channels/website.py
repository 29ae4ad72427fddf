"""The website: pages, clicks, forms and the shop, in Segment's words."""

from schemas.channel import MINUTE, Channel
from schemas.events.browsing import INTERACTION, PageViewed
from schemas.events.commerce import SHOPPING

channel = Channel("website", "what visitors do on your sites", 30 * MINUTE, (PageViewed, *INTERACTION, *SHOPPING))
