"""The readers of one stream: who gets which message, what waits for whom, and up to where everything is handled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from .._connection.replies import HistoryPage, LogGap
from ..cursors import Position
from ..events import Emitter
from ..messages import Message
from .backlog import Backlog, BacklogPort
from .handled import Handled
from .reader import Handler, Reader, ReaderPort


@dataclass(frozen=True, slots=True)
class ReadersPort:
    """What the readers of a stream need.

    Attributes:
        history: Reads messages of the log after a position, up to a number.
        moved: Everything up to a new position is handled.
        drained: A reader has room again, or has gone.
        lost: The log can't give these any more.
    """

    emitter: Emitter
    history: Callable[[Position, int], Awaitable[HistoryPage]]
    moved: Callable[[Position], None]
    drained: Callable[[], None]
    lost: Callable[[LogGap], None]


class Readers:
    """``is_inbox``: what comes while there is no reader for it waits for one, and so does what comes too fast.

    The feed of the inbox never pauses, because requests and replies come through it as well.
    """

    def __init__(self, port: ReadersPort, is_inbox: bool) -> None:
        self._port = port
        self._readers: list[Reader] = []
        self._backlog: Backlog | None = None
        if is_inbox:
            self._backlog = Backlog(BacklogPort(self._give, port.history, port.lost, self._moved))
        self._handled = Handled(lambda: self._backlog.first if self._backlog else None, port.moved)

    @property
    def is_empty(self) -> bool:
        return not self._readers

    @property
    def is_full(self) -> bool:
        """Whether the feed has to pause."""
        return self._backlog is None and any(reader.is_full for reader in self._readers)

    @property
    def handled(self) -> Position | None:
        """Everything up to here is handled; ``None`` before the first message or position."""
        return self._handled.position

    def add(
        self,
        handler: Handler | None,
        accepts: Callable[[Message], bool],
        is_concurrent: bool,
    ) -> Reader:
        port = ReaderPort(accepts, self._handled.done, self._drained, self._port.emitter.report)
        reader = Reader(port, handler, is_concurrent)
        self._readers.append(reader)
        if self._backlog is not None:
            self._backlog.reclaim()
        return reader

    def remove(self, reader: Reader) -> None:
        if reader not in self._readers:
            return
        self._readers.remove(reader)
        unread = reader.end()
        # What the last reader has not read is where the cursor goes on.
        if self.is_empty:
            return
        for message in unread:
            is_logged = message.position is not None
            if self._backlog is not None and is_logged and not self._readers_of(message):
                self._backlog.keep(message, False)
            self._handled.done(message)
        if self._backlog is not None and not any(each.is_behind for each in self._readers):
            self._backlog.release()
        self._drained()

    def end(self, error: BaseException | None) -> None:
        if self._backlog is not None:
            self._backlog.end()
        for reader in self._readers:
            reader.end(error)
        self._readers.clear()

    def deliver(self, message: Message) -> None:
        """The next message of the log."""
        takers = self._readers_of(message)
        queues = [reader for reader in takers if not reader.is_concurrent]
        is_late = not takers or any(reader.is_full or reader.is_behind for reader in queues)
        if self._backlog is None or not is_late:
            self._push(message, takers)
            return
        for reader in queues:
            reader.is_behind = True
        self._backlog.keep(message, bool(queues))
        # Work that goes on side by side waits for nothing.
        self._push(message, [reader for reader in takers if reader.is_concurrent])

    def deliver_ephemeral(self, message: Message) -> None:
        """A message without a place: nobody waits for it, and a reader that is full does without."""
        for reader in list(self._readers):
            if not reader.is_full:
                reader.push(message)

    def reached(self, position: Position) -> None:
        """Everything up to here has been delivered, or waits for a reader."""
        self._handled.reached(position)

    def _drained(self) -> None:
        self._port.drained()
        if self._backlog is not None:
            self._backlog.drain()

    def _moved(self, is_empty: bool) -> None:
        if is_empty:
            for reader in self._readers:
                reader.is_behind = False
        self._handled.update()

    def _give(self, message: Message) -> Literal["given", "later", "nobody"]:
        takers = self._readers_of(message)
        # Those that work side by side have had it.
        queues = [reader for reader in takers if not reader.is_concurrent]
        if any(reader.is_full for reader in queues):
            return "later"
        self._push(message, queues)
        return "given" if takers else "nobody"

    def _push(self, message: Message, takers: list[Reader]) -> None:
        self._handled.expect(message, len(takers))
        for reader in takers:
            reader.push(message)

    def _readers_of(self, message: Message) -> list[Reader]:
        return [reader for reader in self._readers if reader.accepts(message)]
