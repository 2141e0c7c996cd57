"""The exit codes of every command, one table; docs/cli.md repeats it and a test compares the two."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script may rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LEFT_BEHIND = 3
    WAITING = 4
    PLAN_HAS_LEADS = 5
    PLAN_HAS_ERRORS = 6
    INTERRUPTED = 130


MEANING: dict[Exit, str] = {
    Exit.DONE: "done; with `plan --detailed-exitcode`: nothing to convert",
    Exit.FAILED: "failed; the message says what happened and what to do next",
    Exit.USAGE: "wrong usage: unknown option, missing argument",
    Exit.LEFT_BEHIND: "finished, but leads were left behind; the output names them",
    Exit.WAITING: "waiting for a person: the guided flip, or a pause; `leadswitch runs resume ID` goes on",
    Exit.PLAN_HAS_LEADS: "only with `plan --detailed-exitcode`: there are leads to convert",
    Exit.PLAN_HAS_ERRORS: "only with `plan --detailed-exitcode`: the plan has errors",
    Exit.INTERRUPTED: "interrupted from the keyboard where there was nothing to pause",
}
