"""The child that is kept for the next photo: its models stay loaded for a while, so that a second photo starts at once.

The child itself ends when its time is over and when Blender ends, however that happens; `release` ends it earlier.
"""

import time
from pathlib import Path

from .job import Request
from .worker import Child, Worker

SLACK = 5.0
"""Seconds before its end from which a child is not asked any more: it might end just then."""


class Keeper:
    """Starts workers, each in the child of the last one where that still waits and was started the same way."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.started_with: tuple[Path, float] | None = None

    def start(self, request: Request, python: Path, seconds: float) -> Worker:
        """A Worker on the request. seconds: how long its child is kept once it is done; 0 is not at all. RuntimeMissing."""
        child = self._waiting() if (python, seconds) == self.started_with else None
        if not child:
            self.release()
        self.worker = Worker(request, python, keep=seconds, child=child)
        self.started_with = python, seconds
        return self.worker

    def left(self) -> float:
        """Seconds for which a child still waits for a photo; 0 where none does."""
        return self.worker.until - time.monotonic() if self.worker and self._waiting() else 0.0

    def _waiting(self) -> Child | None:
        worker = self.worker
        return worker.child if worker and worker.kept and worker.child.lives and time.monotonic() < worker.until - SLACK else None

    def release(self) -> None:
        """Let the child go that waits, and its memory with it. One that works is left alone: it is its job's."""
        if self.worker and self.worker.kept:
            self.worker.child.dismiss()
            self.worker = None
