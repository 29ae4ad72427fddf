"""Letters and leaflets by post."""

from typing import ClassVar

from schemas.channel import HOUR, Channel
from schemas.touchpoint import Properties, Text


class CampaignDelivered(Properties):
    """A mailing reached the household."""

    event: ClassVar[str] = "Campaign Delivered"
    campaign_id: Text | None = None
    campaign_name: Text | None = None
    campaign_type: Text | None = None


channel = Channel("post", "mailings to households", 24 * HOUR, (CampaignDelivered,))
