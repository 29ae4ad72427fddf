"""Rival: Faust as in its tutorial, one agent with a Table. Run as a program: BROKER TOPIC EVENTS; prints `first` and `done`."""

import os
import sys
import tempfile
import time
from typing import Any

import faust


def build(broker: str, topic: str, events: int) -> faust.App:
    app = faust.App(
        f"rival-table-{time.time_ns()}", broker=f"kafka://{broker}", datadir=tempfile.mkdtemp(), topic_partitions=8,
        consumer_auto_offset_reset="earliest", web_enabled=False,
    )  # fmt: skip
    touchpoints = app.topic(topic, value_type=bytes, value_serializer="json", key_type=bytes)
    customers = app.Table("customers", default=dict, partitions=8)
    count = 0

    @app.agent(touchpoints)
    async def follow(stream: Any) -> None:
        nonlocal count
        async for key, event in stream.items():
            count += 1
            if count == 1:
                os.write(1, b"first\n")
            known = customers[key.decode()] or {}
            changed = known.get("channel", event["channel"]) != event["channel"]
            customers[key.decode()] = {
                "touchpoints": known.get("touchpoints", 0) + 1,
                "last": event["original_timestamp"],
                "channel": event["channel"],
                "handoffs": known.get("handoffs", 0) + changed,
            }
            if count == events:
                os.write(1, b"done\n")

    return app


if __name__ == "__main__":
    broker, topic, events = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sys.argv = ["table", "worker", "-l", "error", "--without-web"]
    build(broker, topic, events).main()
