"""How far a long command is: a bar, or where none can be drawn a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

TELL_EVERY = 10.0  # s
Tell = Callable[[str, int, int], None]  # what is done, how much of it, of how much (0: unknown)


@contextmanager
def progress(console: Console) -> Iterator[Tell]:
    """Lines come for each kind of work, and then every ten seconds."""
    columns = TextColumn("{task.description}"), BarColumn(40), TextColumn("{task.fields[said]}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bars:
        yield _teller(bars, bars.add_task("", total=None, said=""))


def _teller(bars: Progress, task: TaskID) -> Tell:
    last, told = "", 0.0

    def tell(words: str, done: int, all: int) -> None:
        nonlocal last, told
        said = f"{done:,} of {all:,}" if all else f"{done:,}" if done else ""
        bars.update(task, description=words, completed=done, total=all or None, said=said)
        now = time.monotonic()
        if not bars.console.is_terminal and (words != last or now - told > TELL_EVERY):
            bars.console.print(f"{words} {said}".rstrip())
            told = now
        last = words

    return tell
