"""Progress on standard error: a bar with rate and time left in a terminal, nothing elsewhere. Must never write to standard output."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from connector.cli.shell import Shell
from connector.i18n import _, duration, number


class Meter:
    """A bar that appears with its first figures. In a pipe it stays silent, so that logs of scripts are not flooded."""

    def __init__(self, shell: Shell) -> None:
        self._shell, self._held_up = shell, ""
        console = shell.stderr()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(
        self,
        what: str,
        done: int,
        total: int | None,
        *,
        per_minute: float | None = None,
        left: float | None = None,
        held_up: str = "",
    ) -> None:
        """Where things stand. `per_minute` and `left` (seconds) are shown when known, `held_up` is what the portal makes us wait for; a
        new one is said as a line of its own, in a pipe, too.
        """
        if held_up and held_up != self._held_up:
            self._shell.say(held_up)
        self._held_up = held_up
        pace = _("%(n)s per minute", n=number(round(per_minute))) if per_minute else ""
        if left is not None and left > 0:
            pace += (", " if pace else "") + _("%(time)s left", time=duration(left))
        if self._task is None:
            self._task = self._bar.add_task(what, total=total, completed=done, pace=pace)
        else:
            self._bar.update(self._task, description=what, total=total, completed=done, pace=pace)
