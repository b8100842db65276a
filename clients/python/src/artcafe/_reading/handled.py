"""Up to where everything is handled."""

from __future__ import annotations

from collections.abc import Callable

from ..cursors import Position
from ..messages import Message
from .feed import place_of


class _Open:
    __slots__ = ("left", "message", "sequence")

    def __init__(self, message: Message, left: int) -> None:
        self.message = message
        self.sequence = place_of(message).sequence
        # Readers that are not through with it.
        self.left = left


class Handled:
    """``waiting``: the first message that waits for a reader; ``moved``: everything up to a new position is handled."""

    def __init__(
        self,
        waiting: Callable[[], Position | None],
        moved: Callable[[Position], None],
    ) -> None:
        self._waiting = waiting
        self._moved = moved
        # Messages that readers have and are not through with, in the order of the log.
        self._open: list[_Open] = []
        self._came: Position | None = None
        self.position: Position | None = None
        """Everything up to here is handled."""

    def expect(self, message: Message, readers: int) -> None:
        """The number of readers that have it."""
        if readers == 0:
            return
        one = _Open(message, readers)
        index = len(self._open)
        while index > 0 and self._open[index - 1].sequence > one.sequence:
            index -= 1
        self._open.insert(index, one)

    def done(self, message: Message) -> None:
        """One reader is through with it."""
        one = next((one for one in self._open if one.message is message), None)
        if one is None:
            return
        one.left -= 1
        if one.left > 0:
            return
        is_oldest = one is self._open[0]
        self._open.remove(one)
        if is_oldest:
            self.update()

    def reached(self, position: Position) -> None:
        """Everything up to here has come out of the feed."""
        self._came = position
        self.update()

    def update(self) -> None:
        """Goes as far as nothing is open or waits."""
        firsts = [place_of(one.message) for one in self._open[:1]]
        waiting = self._waiting()
        if waiting is not None:
            firsts.append(waiting)
        position = self._came
        if firsts:
            first = min(firsts, key=lambda place: place.sequence)
            position = Position(first.epoch, first.sequence - 1)
        if position is not None and position != self.position:
            self.position = position
            self._moved(position)
