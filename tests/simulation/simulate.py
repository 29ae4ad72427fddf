"""Runs thousands of schedules of the real steps against the whole-history truth.

python -m tests.simulation.simulate --runs 5000
python -m tests.simulation.simulate --without barrier --runs 2000 --shrink
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from streams.effects import Message
from tests.simulation.checks import problem
from tests.simulation.oracle import truth
from tests.simulation.removals import RULES, Removals
from tests.simulation.workload import FEATURES, HORIZON, NOW, setup, shape, workload
from tests.simulation.world import Weather, World

CHANGEABLE = Weather()


@dataclass(frozen=True)
class Options:
    """`without`: rules that are taken away. `size`: events, None: the seed decides."""

    without: frozenset[str] = frozenset()
    weather: Weather = CHANGEABLE
    features: Sequence[str] = FEATURES
    size: int | None = None

    def inputs(self, seed: int) -> list[Message]:
        return workload(seed, self.size, self.features, shape(seed)[0])


@dataclass(frozen=True)
class Ending:
    """`problem` None: all is right."""

    problem: str | None
    world: World
    error: Exception | None = None


STANDARD = Options()


def run(
    seed: int, options: Options = STANDARD, inputs: Sequence[Message] | None = None, form: int | None = None
) -> Ending:
    """One schedule. `form`: another seed, whose number of partitions and workers is taken."""
    inputs = options.inputs(seed) if inputs is None else inputs
    settings = setup(*shape(seed if form is None else form))
    world = World(seed, settings, NOW, HORIZON, Removals(options.without), options.weather)
    try:
        if not world.run(inputs, 300 + 50 * len(inputs)):
            return Ending("rest: it never comes to rest", world)
    except Exception as error:
        return Ending(f"{type(error).__name__}: {error}", world, error)
    return Ending(problem(world, truth(world)), world)


def shrink(form: int, options: Options, tries: int = 60) -> tuple[int, list[Message]]:
    """Drops inputs while some schedule still ends wrong; gives the seed of that schedule and the inputs."""
    seed, inputs, at = form, options.inputs(form), 0
    while at < len(inputs):
        fewer = inputs[:at] + inputs[at + 1 :]
        found = next((s for s in range(seed, seed + tries) if run(s, options, fewer, form).problem), None)
        seed, inputs, at = (seed, inputs, at + 1) if found is None else (found, fewer, 0)
    return seed, inputs


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    weather = replace(CHANGEABLE, **dict.fromkeys(args.quiet, 0.0), **dict(map(_chance, args.often)))
    options = Options(frozenset(args.without), weather, args.features, args.size)
    wrong: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for seed in range(args.first, args.first + args.runs):
        ending = run(seed, options)
        counts.update(ending.world.counts)
        if ending.problem:
            wrong[seed] = ending.problem
    missing = ", ".join(sorted(options.without)) or "nothing"
    print(f"without {missing}: {args.runs} schedules, {len(wrong)} wrong; {dict(sorted(counts.items()))}")
    _print_kinds(wrong)
    if args.shrink and wrong:
        _print_smallest(min(wrong), options)
    return 1 if wrong else 0


def _chance(text: str) -> tuple[str, float]:
    name, _, chance = text.partition("=")
    return name, float(chance)


def _print_kinds(wrong: dict[int, str]) -> None:
    kinds: defaultdict[str, list[int]] = defaultdict(list)
    for seed, found in wrong.items():
        kinds[found.split(":")[0]].append(seed)
    for kind, seeds in kinds.items():
        print(f"  {kind}: {len(seeds)}, first seeds {seeds[:8]}: {wrong[seeds[0]]}")


def _print_smallest(form: int, options: Options) -> None:
    seed, inputs = shrink(form, options)
    print(f"  smallest: seed {seed}: {run(seed, options, inputs, form).problem}")
    for message in inputs:
        print(f"    {message.topic}/{message.partition} {message.value!r}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--without", nargs="*", default=[], choices=RULES, help="rules to take away")
    parser.add_argument(
        "--quiet", nargs="*", default=[], choices=list(Weather.__dataclass_fields__), help="no such faults"
    )
    parser.add_argument("--often", nargs="*", default=[], metavar="FAULT=CHANCE", help="such as crash=0.05, per turn")
    parser.add_argument("--features", nargs="*", default=FEATURES, choices=FEATURES, help="what the inputs contain")
    parser.add_argument("--size", type=int, help="events per schedule (default: 3 to 18)")
    parser.add_argument("--shrink", action="store_true", help="find a small input that still ends wrong")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
