"""What a child process does before anything else: stdout is kept for messages, and it ends when its parent does. Standard library only."""

import os
import queue
import signal
import threading
from collections.abc import Callable
from typing import TextIO

from .job import Message, message_to_line


def take_stdout() -> TextIO:
    """The real stdout, for messages alone: from here on whatever a library prints goes to stderr."""
    line = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(line, "w", encoding="utf-8", buffering=1)


def sender(line: TextIO) -> Callable[[Message], None]:
    """A function that writes each message given to it, whole, from whatever thread."""
    lock = threading.Lock()

    def send(message: Message) -> None:
        with lock:
            line.write(message_to_line(message))
            line.flush()

    return send


def end_with_parent() -> queue.SimpleQueue[str]:
    """Where a parent started this process, end when it does, with all that was started here: the parent's end closes our stdin.

    The lines that the parent writes there until then, as they come.
    """
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    if "DOPPEL_PARENT" not in os.environ:
        return lines

    def watch() -> None:
        with os.fdopen(0, encoding="utf-8", closefd=False) as stdin:
            for line in stdin:
                lines.put(line.rstrip("\n"))
        end()

    threading.Thread(target=watch, daemon=True).start()
    return lines


def end() -> None:
    """End this process at once; one that leads its process group takes the group with it."""
    if os.name == "posix" and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
