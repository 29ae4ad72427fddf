"""Runs thousands of schedules of the real steps against the whole-history truth.

    python -m tests.simulation.simulate --runs 5000
    python -m tests.simulation.simulate --without barrier --runs 2000 --shrink
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from streams.effects import Message
from tests.simulation.checks import problem
from tests.simulation.oracle import truth
from tests.simulation.removals import RULES, Removals
from tests.simulation.workload import FEATURES, HORIZON, NOW, setup, workload
from tests.simulation.world import Weather, World


@dataclass(frozen=True)
class Options:
    """`without`: rules that are taken away. `quiet`: faults that do not happen."""

    without: frozenset[str] = frozenset()
    quiet: frozenset[str] = frozenset()
    partitions: int = 2
    slots: int = 2

    def weather(self) -> Weather:
        return replace(Weather(), **dict.fromkeys(self.quiet, 0.0))


@dataclass(frozen=True)
class Ending:
    """`problem` None: all is right."""

    problem: str | None
    world: World
    error: Exception | None = None


def run(seed: int, inputs: Sequence[Message] | None = None, options: Options = Options()) -> Ending:  # noqa: B008  # frozen
    inputs = workload(seed, partitions=options.partitions) if inputs is None else inputs
    world = World(seed, setup(options.partitions, options.slots), NOW, Removals(options.without), options.weather())
    try:
        if not world.run(inputs, 300 + 50 * len(inputs), HORIZON):
            return Ending("rest: it never comes to rest", world)
    except Exception as error:
        return Ending(f"{type(error).__name__}: {error}", world, error)
    return Ending(problem(world, truth(world)), world)


def shrink(seed: int, inputs: list[Message], options: Options, tries: int = 60) -> tuple[int, list[Message]]:
    """Drops inputs while some schedule still ends wrong."""
    at = 0
    while at < len(inputs):
        fewer = inputs[:at] + inputs[at + 1 :]
        found = next((s for s in range(seed, seed + tries) if run(s, fewer, options).problem), None)
        seed, inputs, at = (seed, inputs, at + 1) if found is None else (found, fewer, 0)
    return seed, inputs


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    options = Options(frozenset(args.without), frozenset(args.quiet), args.partitions, args.slots)
    seeds: defaultdict[str, list[int]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for seed in range(args.first, args.first + args.runs):
        ending = run(seed, workload(seed, args.size, args.features, args.partitions), options)
        counts.update(ending.world.counts)
        if ending.problem:
            seeds[ending.problem.split(":")[0]].append(seed)
    wrong = sum(map(len, seeds.values()))
    print(f"without {sorted(options.without) or 'nothing'}: {args.runs} schedules, {wrong} wrong; {dict(sorted(counts.items()))}")
    for kind, found in seeds.items():
        print(f"  {kind}: {len(found)}, first seeds {found[:8]}: {run(found[0], workload(found[0], args.size, args.features, args.partitions), options).problem}")
    if args.shrink and seeds:
        _print_smallest(min(chain(*seeds.values())), args, options)
    return 1 if wrong else 0


def _print_smallest(seed: int, args: argparse.Namespace, options: Options) -> None:
    seed, inputs = shrink(seed, workload(seed, args.size, args.features, args.partitions), options)
    print(f"  smallest: seed {seed}: {run(seed, inputs, options).problem}")
    for message in inputs:
        print(f"    {message.topic}/{message.partition} {message.value!r}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--without", nargs="*", default=[], choices=RULES, help="rules to take away")
    parser.add_argument("--quiet", nargs="*", default=[], choices=list(Weather.__dataclass_fields__), help="no such faults")
    parser.add_argument("--features", nargs="*", default=FEATURES, choices=FEATURES, help="what the inputs contain")
    parser.add_argument("--size", type=int, help="events per schedule (default: 3 to 18)")
    parser.add_argument("--partitions", type=int, default=2)
    parser.add_argument("--slots", type=int, default=2, help="workers")
    parser.add_argument("--shrink", action="store_true", help="find a small input that still ends wrong")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
