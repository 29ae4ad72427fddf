"""What runs to its end again and again beside the stack, never twice at one time: the hourly audit."""

from deploy.local.process import Process, Running, describe_exit


class Scheduled:
    """Starts every `every` seconds, the first time after so many. Times are seconds of a monotonic clock."""

    def __init__(self, process: Process, every: float, now: float) -> None:
        self._process, self._every = process, every
        self._due = now + every
        self._running: Running | None = None

    def tick(self, now: float) -> str:
        """Starts when due, notices the end; gives a sentence if that was not a good one."""
        if self._running is not None:
            return self._look(self._running)
        if now >= self._due:
            self._due = now + self._every
            self._running = Running(self._process)
        return ""

    def stop(self) -> None:
        """Ends the present run, if there is one; that is killed when its patience is over."""
        if self._running is not None:
            self._running.stop()

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()

    def _look(self, running: Running) -> str:
        code = running.exit_code
        if code is None:
            return ""
        self._running = None
        return "" if code == 0 else f"{self._process.name} {describe_exit(code)} (log: {self._process.log})"
