"""Every error a user can meet, each with the exit code that the README's table lists."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of all commands."""

    DONE = 0
    USAGE = 2
    UNREADABLE_INPUT = 3
    BROKEN_WEIGHTS = 4
    UNWRITABLE_OUTPUT = 5
    FINISHED_WITH_FAILURES = 6
    INTERRUPTED = 130


class ScanpageError(Exception):
    """An error that is the user's to mend: says what happened, to which file, and what to do.

    The message is shown as one line on stderr; `exit_code` becomes the exit code of the command.
    """

    exit_code = ExitCode.USAGE


class UsageError(ScanpageError):
    """The options do not make sense together."""


class InputError(ScanpageError):
    """An input file or a page of it cannot be read."""

    exit_code = ExitCode.UNREADABLE_INPUT


class WeightsError(ScanpageError):
    """A model's weights are missing, truncated, swapped or of another version."""

    exit_code = ExitCode.BROKEN_WEIGHTS


class OutputError(ScanpageError):
    """The result cannot be written where the user asked."""

    exit_code = ExitCode.UNWRITABLE_OUTPUT


class WorkerError(ScanpageError):
    """A process that did part of the work died."""

    exit_code = ExitCode.FINISHED_WITH_FAILURES
