"""The channels of the business, one file each. A new channel is a new file here, with `channel = Channel(...)`."""

import sys

from schemas.channel import Channel
from throughline import discovery


def discover() -> tuple[Channel, ...]:
    """Every channel, by name. Raises ConfigurationError for a file that defines none."""
    return discovery.discover(sys.modules[__name__], "channel", Channel)
