"""One channel (or the inbox) as this client follows it.

The feed puts messages in order, the readers get them, and the log fills holes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .._connection.replies import REQUEST_EXPIRED, HistoryPage, LogGap, Standing
from .._shared.tasks import spawn
from ..cursors import Position
from ..errors import PubSubError
from ..events import Emitter, Gap
from ..messages import Message
from .feed import Feed
from .reader import Handler, Reader
from .readers import Readers, ReadersPort

# Frames on API Gateway may overtake each other by this much.
_REORDER_GRACE = 0.25
# Between two messages of a replay.
_REPLAY_PATIENCE = 5.0
# Without the grant to read the log, nothing else can come than what is on its way.
_WITHOUT_LOG = 5.0
_LONGEST_PAUSE = 30.0
_HISTORY_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class StreamPort:
    """What a stream needs of the rest of the client.

    Attributes:
        is_own: A message that this client has sent and does not want to hear.
        moved: Everything up to a new position is handled.
        history: Reads messages of the log after a position, up to a number.
        subscribe: Subscribes the connection again, from a position.
    """

    emitter: Emitter
    is_own: Callable[[Message], bool]
    moved: Callable[[Position], None]
    history: Callable[[str, Position, int], Awaitable[HistoryPage]]
    subscribe: Callable[[str, Position], Awaitable[Standing]]


class Stream:
    """``since``: where the cursor says that the reader stands; from before there was a connection."""

    def __init__(self, channel_id: str, port: StreamPort, is_inbox: bool) -> None:
        self.channel_id = channel_id
        self._port = port
        self._is_inbox = is_inbox
        self.since: Position | None = None
        self.is_position_lost = False
        """The cursor had a position and could not read it."""
        self._feed = Feed(port.is_own)
        readers = ReadersPort(
            emitter=port.emitter,
            history=lambda after, limit: port.history(channel_id, after, limit),
            moved=port.moved,
            drained=self._pump,
            lost=lambda gap: self._lost(gap.reason, None, None, gap),
        )
        self._readers = Readers(readers, is_inbox)
        self._may_read_log = True
        # Own messages whose copies are to come from the log; these are for a log that may not be read.
        self._copies: list[Message] = []
        self._is_ended = False
        self._is_mending = False
        self._fruitless = 0
        self._replay_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def handled(self) -> Position | None:
        """Everything up to here is handled; ``None`` while that is not known."""
        return self._readers.handled or self.since

    @property
    def position(self) -> Position | None:
        """What to say in ``hello``, ``subscribe`` and ``ping``."""
        return self._feed.position or self.since

    @property
    def has_hole(self) -> bool:
        return self._feed.has_hole and not self._readers.is_full

    @property
    def has_readers(self) -> bool:
        return not self._readers.is_empty

    def add_reader(
        self,
        handler: Handler | None,
        accepts: Callable[[Message], bool] = lambda _: True,
        is_concurrent: bool = False,
    ) -> Reader:
        return self._readers.add(handler, accepts, is_concurrent)

    def remove_reader(self, reader: Reader) -> None:
        self._readers.remove(reader)

    def end(self, error: PubSubError | None) -> None:
        """Answers that come later change nothing: another stream may follow the channel, and tells what it misses."""
        self._is_ended = True
        self._cancel_timer()
        self._readers.end(error)

    def offer(self, message: Message) -> None:
        if message.position is None:
            if not self._port.is_own(message) and not self._feed.is_repeat(message):
                self._readers.deliver_ephemeral(message)
            return
        if message.replayed and self._replay_until > 0:
            self._replay_until = self._now() + _REPLAY_PATIENCE
        self._feed.offer(message)
        self._pump()

    def echo(self, message: Message, is_duplicate: bool) -> None:
        """An acknowledged message of our own, which the service sends to others only.

        The contents of a duplicate may differ from those of the first message with its id, which is in the log.
        """
        position = message.position
        if is_duplicate and position is not None and self._may_read_log:
            self._copies.append(message)
            self.learn_head(position)
        else:
            self.offer(message)

    def seen(self, position: Position) -> None:
        """An acknowledged message of our own that we do not want to hear."""
        self._feed.see(position)
        self._pump()

    def learn_head(self, head: Position) -> None:
        self._feed.learn_head(head)
        self._pump()

    def stand(self, standing: Standing, since: Position | None) -> None:
        """The answer to ``hello`` or ``subscribe``; ``since`` is what was asked."""
        head, recovered, reason = standing.head, standing.recovered, standing.reason
        if head is None or self._is_ended:
            return
        feed = self._feed
        is_first = feed.position is None
        self._may_read_log = reason != "forbidden"
        if is_first and self.is_position_lost:
            self._lost("position_lost", None, head)
        if recovered is False:
            self._lost(reason or "expired", since, head)
        # The inbox is replayed from there, so what gets lost of the replay is a hole.
        start = head if standing.start is None else Position(head.epoch, standing.start)
        resumed = since if recovered is True else None
        if is_first:
            feed.start(resumed or start, takes_older=self._is_inbox and resumed is None)
        elif recovered is False:
            feed.jump(start)
        if recovered is not False or standing.start is not None:
            feed.learn_head(head)
        is_pushed = resumed is None and is_first and start.sequence < head.sequence
        is_replaying = is_pushed or (resumed is not None and resumed.sequence != head.sequence)
        self._replay_until = self._now() + _REPLAY_PATIENCE if is_replaying else 0.0
        self._fruitless = 0
        self._restart_timer()
        self._pump()

    def replayed(self, is_complete: bool, gaps: list[LogGap]) -> None:
        self._replay_until = 0.0
        self._skip(gaps)
        self._pump()
        self._restart_timer(None if is_complete else 0.0)

    def _pump(self) -> None:
        if self._is_ended:
            return
        while not self._readers.is_full:
            message = self._feed.next()
            if message is None:
                break
            self._readers.deliver(message)
        if self._feed.position is not None:
            self._readers.reached(self._feed.position)
        self._watch()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _restart_timer(self, delay: float | None = None) -> None:
        self._cancel_timer()
        self._watch(delay)

    def _watch(self, delay: float | None = None) -> None:
        """Sees to it that a hole is filled, if it does not fill by itself."""
        if self._is_ended or self._is_mending or self._timer is not None or not self.has_hole:
            return
        if delay is None:
            grace = _WITHOUT_LOG
            if self._may_read_log:
                grace = min(_LONGEST_PAUSE, _REORDER_GRACE * 2 ** min(self._fruitless, 10))
            delay = max(grace, self._replay_until - self._now())
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._replay_until > self._now():
            self._watch()
        elif not self._is_ended and self.has_hole:
            self._is_mending = True
            spawn(self._mend())

    async def _mend(self) -> None:
        position = self._feed.position
        self._replay_until = 0.0
        if position is not None:
            try:
                if not self._may_read_log:
                    raise PubSubError("not_recoverable")
                missing = max(self._feed.known - position.sequence, 1)
                limit = min(missing, _HISTORY_LIMIT)
                self._take(position, await self._port.history(self.channel_id, position, limit))
            except PubSubError as error:
                await self._recover(position, error)
        self._is_mending = False
        self._fruitless = self._fruitless + 1 if self._feed.position == position else 0
        self._pump()

    def _take(self, position: Position, page: HistoryPage) -> None:
        feed = self._feed
        if page.head.epoch == position.epoch:
            feed.settle()
        elif feed.position == position:
            # The position was that of an empty log.
            firsts = [gap.first for gap in page.gaps]
            firsts += [message.sequence for message in page.messages if message.sequence is not None]
            feed.start(Position(page.head.epoch, min([page.head.sequence + 1, *firsts]) - 1))
        self._skip(page.gaps)
        self._copies.clear()
        for message in page.messages:
            if message.position is not None:
                feed.offer(message)
        feed.learn_head(page.head)
        self._fruitless = 0
        self._pump()

    async def _recover(self, position: Position, error: PubSubError) -> None:
        if error.code == "forbidden":
            self._may_read_log = False
            for copy in self._copies:
                self._feed.offer(copy)
        if error.code != "not_recoverable":
            return
        try:
            # Subscribing again tells why, and where the channel stands.
            self.stand(await self._port.subscribe(self.channel_id, position), position)
        except PubSubError:
            # The next try begins with the log again.
            return

    def _skip(self, gaps: list[LogGap]) -> None:
        for gap in gaps:
            position = self._feed.position
            if position is not None and gap.last <= position.sequence:
                continue
            self._lost(gap.reason, position, None, gap)
            self._feed.skip((gap.first, gap.last))

    def _lost(
        self,
        reason: str,
        after: Position | None,
        head: Position | None,
        gap: LogGap | None = None,
    ) -> None:
        has_all = (
            after is not None
            and head is not None
            and after.epoch == head.epoch
            and after.sequence >= head.sequence
        )
        if has_all or self._is_ended or reason == REQUEST_EXPIRED:
            return
        first, last = (gap.first, gap.last) if gap else (None, None)
        self._port.emitter.emit("gap", Gap(self.channel_id, reason, first, last, after, head))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
