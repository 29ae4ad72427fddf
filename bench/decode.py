"""What decoding costs: `python -m bench.decode [--events 20000] [--rounds 7] [--profile]` prints CPU time per event.

The events are of about 500 bytes, of the channel website, from 100,000 customers of whom 40 % are known; every chunk is
new, as it is in a stream, while the caches of identifiers are as warm as earlier chunks made them.
"""

import argparse
import cProfile
import gc
import json
import pstats
import random
import time
import uuid

from schemas.decode import Decoder, DecodeRules
from schemas.identifiers import home_of
from schemas.times import moment_of, to_ms
from sources.channels import discover
from throughline.clock import iso

START = to_ms(moment_of("2026-11-25T07:12:03.000Z"))
NAMES = (
    "Page Viewed",
    "Page Viewed",
    "Product Viewed",
    "Product Added",
    "Products Searched",
    "Element Clicked",
    "Order Completed",
)
Record = tuple[bytes, bytes]


def properties(name: str, dice: random.Random) -> dict[str, object]:
    """Plausible ones, with a few that no model knows."""
    path = f"/category-{dice.randrange(200)}/p-{dice.randrange(5000)}"
    known: dict[str, dict[str, object]] = {
        "Page Viewed": {"url": f"https://shop.example{path}", "title": "A page of the shop", "referrer": ""},
        "Product Viewed": {
            "product_id": str(dice.randrange(90_000)),
            "name": "Thing",
            "price": 12.95,
            "currency": "EUR",
        },
        "Product Added": {"product_id": str(dice.randrange(90_000)), "cart_id": "c1", "price": 12.95, "quantity": 2},
        "Products Searched": {"query": "yellow umbrella", "results": dice.randrange(50)},
        "Element Clicked": {"element": "button.buy", "x": dice.random() * 900, "y": dice.random() * 900},
        "Order Completed": {"order_id": f"o{dice.randrange(10**9)}", "revenue": 59.97, "currency": "EUR"},
    }
    return {"path": path, **known[name], "experiment": "b", "scroll": dice.randrange(100), "returning": True}


def record(dice: random.Random, at: int) -> Record:
    """(key, value) of one event."""
    name, customer = dice.choice(NAMES), int(100_000 * dice.random() ** 2)
    who = {"anonymous_id": f"a{customer * 2654435761 % 2**64:016x}"}
    if customer % 5 < 2 and dice.random() < 0.6:
        who["user_id"] = f"u{customer:08d}"
    event = {
        "event_id": str(uuid.UUID(int=dice.getrandbits(128), version=4)), "event": name, "channel": "website",
        "source": "shop.example", "original_timestamp": iso(at - 150), "sent_at": iso(at), "identifiers": who,
        "properties": properties(name, dice),
        "context": {"ip": "203.0.113.7", "locale": "de-DE", "device": {"type": "mobile"}, "campaign": {"name": "x"}},
    }  # fmt: skip
    kind = "user_id" if "user_id" in who else "anonymous_id"
    return f"{kind}:{who[kind]}".encode(), json.dumps(event, separators=(",", ":")).encode()


def chunk(dice: random.Random, events: int) -> list[Record]:
    return [record(dice, START + i * 10) for i in range(events)]


def measured(decoder: Decoder, records: list[Record]) -> float:
    """Seconds for one chunk; fails if anything in it is refused."""
    keys, values = [key for key, _ in records], [value for _, value in records]
    partition = home_of(keys[0].decode()) % 8
    offsets, times = list(range(len(records))), [START + i * 10 + 100 for i in range(len(records))]
    begun = time.process_time()
    decoded = decoder.decode("touchpoints.website", partition, values, offsets, times, keys)
    spent = time.process_time() - begun
    if decoded.dead:
        raise SystemExit(f"a good event was refused: {decoded.dead[0]}")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    gc.set_threshold(50_000, 50, 100)
    dice, decoder = random.Random(7), Decoder(discover(), DecodeRules(node_key=b"k" * 32, partitions=8))
    profile, figures, size = cProfile.Profile(), [], 0.0
    for _ in range(options.rounds):
        records = chunk(dice, options.events)
        size = sum(len(value) for _, value in records) / len(records)
        gc.collect()
        gc.freeze()  # as the worker does
        if options.profile:
            profile.enable()
        figures.append(measured(decoder, records) / options.events * 1e6)
        profile.disable()
    print(
        f"{size:.0f} bytes per event; us per event, cold then warm: " + " ".join(f"{figure:.2f}" for figure in figures)
    )
    if options.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
