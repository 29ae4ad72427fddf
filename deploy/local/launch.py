"""One run of the stack, from taking the folder to giving it back."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

from deploy.local import runtime
from deploy.local.hold import Hold
from deploy.local.runtime import Runtime
from deploy.local.stack import Choices, Stack, make_identity_key
from deploy.local.supervisor import Supervisor
from throughline.settings import Settings, given, load


@dataclass(frozen=True, slots=True)
class Step:
    """What must be done between the servers and the workers; `run` gives a few words about the result."""

    name: str
    run: Callable[[Settings], str]


class Launch:
    """`with Launch(folder, choices, say) as launch: launch.start(steps)`; leaving it ends everything in order.

    While it is entered no other run can begin in the same folder; what a killed run left is ended first.
    """

    def __init__(self, folder: Path, choices: Choices, say: Callable[[str], None]) -> None:
        self._folder = folder.absolute()
        self._choices = choices
        self._say = say
        self._home = load(folder).home
        self._hold = Hold(self._home)
        self._runtime = Runtime()
        self.supervisor = Supervisor(lambda news: say(f"{datetime.now():%H:%M:%S} {news}"), self._write)

    def __enter__(self) -> "Launch":
        self._hold.take()
        for entry in runtime.stop_leftovers(self._home):
            self._say(f"ended {entry.name} (pid {entry.pid}), left by a run that was killed")
        runtime.remove(self._home)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.supervisor.stop()
        except KeyboardInterrupt:
            self.supervisor.kill()
        runtime.remove(self._home)
        self._hold.release()

    def start(self, steps: Sequence[Step]) -> Settings:
        """Servers, then steps, then workers. Raises `Unavailable` with the end of a log if one does not start."""
        began = time.monotonic()
        make_identity_key(self._home)
        settings = load(self._folder)
        choices = replace(self._choices, workers=self._choices.workers or settings.workers)
        stack = Stack(settings, given(self._folder), choices)
        self._say(f"Throughline in {self._home}")
        self._start_servers(stack)
        settings = load(self._folder)
        for step in steps:
            self._say(f"  {step.name:<11} {step.run(settings)}")
        self._start_workers(stack, choices.workers)
        self._say(f"All is up after {time.monotonic() - began:.1f} s.")
        return settings

    def _start_servers(self, stack: Stack) -> None:
        if stack.kafka and (jars := stack.kafka.jars_to_fetch):
            self._say(f"  fetching {jars} jars of Kafka from Maven Central, for the first time only ...")
        self._runtime = Runtime(settings=stack.layer())
        self.supervisor.start(stack.servers())
        for line in stack.describe():
            self._say(f"  {line}")

    def _start_workers(self, stack: Stack, count: int) -> None:
        self.supervisor.start(stack.workers(self._folder))
        self.supervisor.schedule(stack.audit(self._folder), self._choices.audit_every)
        self._runtime = replace(self._runtime, ready=True)
        self._write()
        self._say(f"  {'workers':<11} {count}, logs in {self._home / 'logs'}")

    def _write(self) -> None:
        self._runtime = replace(self._runtime, processes=self.supervisor.entries())
        self._runtime.write(self._home)
