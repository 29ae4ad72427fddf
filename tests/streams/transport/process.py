"""A worker as a process of its own, to be killed. It appends what it has stored to a file before it acks.

    process.py BOOTSTRAP_SERVERS GROUP SLOT TOPIC STORE MODE

MODE: `store`; `fail` raises at the third chunk; `hang` acks nothing from the third on; `slow` takes 0.2 s a chunk.
"""

import asyncio
import sys
from pathlib import Path

import faust

from streams.transport import Connection, Limits, Patience, Watchdog, make_app, use_chunks

servers, group, slot, topic, store, mode = sys.argv[1:]
app = make_app(group, Connection(servers), slot)
transport = use_chunks(app, Limits(chunk=200))
app.add_dependency(Watchdog(transport, Patience(stalled=3.0)))
seen = 0


async def spoil() -> bool:
    """True: do not ack this chunk."""
    if mode == "slow":
        await asyncio.sleep(0.2)
    if mode == "fail" and seen == 3:
        raise RuntimeError("the third chunk is bad")
    return mode == "hang" and seen >= 3


@app.agent(app.topic(topic))
async def agent(stream):
    global seen
    with Path(store).open("a") as file:  # noqa: ASYNC230  # the file must have it before the ack
        async for event in stream.noack().events():
            seen += 1
            if await spoil():
                continue
            chunk = event.value
            file.write("".join(f"{chunk.partition} {offset}\n" for offset in chunk.offsets))
            file.flush()
            event.ack()


faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()
