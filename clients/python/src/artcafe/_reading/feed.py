"""The reorder buffer of one channel: whatever the wire does, messages come out once and in order.

Repeats, swaps, holes, a new epoch. Knows no sockets and no time but the server's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..cursors import Position
from ..messages import Message
from .recent_ids import RecentIds

Span = tuple[int, int]
"""Sequences, both ends included."""

# A repeated (agent, id) is the same message when the service accepted both within this time.
_REPEAT_WINDOW = 120.0
# What lies further ahead than this is not kept: it is in the log, and is fetched when its turn comes.
_WINDOW = 1_000


class Feed:
    """``is_own``: a message that this client has sent and does not want to hear."""

    def __init__(self, is_own: Callable[[Message], bool] = lambda _: False) -> None:
        self._is_own = is_own
        self.position: Position | None = None
        """Everything up to here has come out; ``None`` until the service has said where the channel stands."""
        self.known = 0
        """The highest sequence that is known to exist in this epoch."""
        # By sequence: a message that waits for its turn, or None for one that counts as seen.
        self._waiting: dict[int, Message | None] = {}
        self._lost: list[Span] = []
        # What came out before the position was lowered.
        self._out: list[Span] = []
        # Messages of an epoch that is not the position's, or from before there was a position.
        self._strangers: list[Message] = []
        self._strange_head: Position | None = None
        # Below and including this, messages are news all the same.
        self._floor = 0
        self._repeats = RecentIds(_REPEAT_WINDOW)

    def start(self, position: Position, takes_older: bool = False) -> None:
        """Begins after the position.

        ``takes_older``: messages up to it are delivered if they come, as those of an inbox: pushed from the log, or sent
        between the handshake and the WELCOME.
        """
        self._floor = position.sequence if takes_older else 0
        self._move_to(position)

    def offer(self, message: Message) -> None:
        """A message of the log."""
        place = place_of(message)
        if not self._is_of_this_epoch(place):
            if len(self._strangers) < _WINDOW:
                self._strangers.append(message)
            return
        if place.sequence <= self._floor:
            self._lower_to(place.sequence - 1)
        self._put(place.sequence, None if self._is_own(message) else message)

    def see(self, position: Position) -> None:
        """The message at this position needs not come."""
        if self._is_of_this_epoch(position):
            self._put(position.sequence, None)
        else:
            self.learn_head(position)

    def learn_head(self, head: Position) -> None:
        """The channel reaches at least to here."""
        position = self.position
        if position is None or position.epoch == head.epoch:
            self.known = max(self.known, head.sequence)
        # A log that is still empty is known by the time of the last look at it.
        elif position.sequence == 0 and head.sequence == 0:
            self.position = head
        else:
            self._strange_head = head

    def skip(self, span: Span) -> None:
        """These can't be had any more: a range, as the service gives it."""
        self._lost.append(span)
        self.known = max(self.known, span[1])

    def jump(self, head: Position) -> None:
        """The position can't be continued from. Goes on at the head, or before what is already here and comes earlier."""
        here = [*self._strangers, *(message for message in self._waiting.values() if message is not None)]
        held = [message for message in here if message.epoch == head.epoch]
        sequence = min([head.sequence, *(place_of(message).sequence - 1 for message in held)])
        self._strangers = held
        position = self.position
        if position is None or position.epoch != head.epoch or position.sequence < sequence:
            self._waiting.clear()
            self._lost = []
            self._out = []
            self.known = head.sequence
            self._move_to(Position(head.epoch, sequence))
        else:
            self.known = max(self.known, head.sequence)
        self.settle()

    def settle(self) -> None:
        """The epoch is still the log's: what came of another one was late."""
        strangers, head = self._strangers, self._strange_head
        self._strange_head = None
        self._strangers = []
        epoch = self.position.epoch if self.position else None
        if head is not None and head.epoch == epoch:
            self.known = max(self.known, head.sequence)
        for message in strangers:
            if message.epoch == epoch:
                self.offer(message)

    def next(self) -> Message | None:
        """The next message in order, if it is here."""
        while (position := self.position) is not None:
            sequence = position.sequence + 1
            if sequence in self._waiting:
                message = self._waiting.pop(sequence)
                self.position = replace(position, sequence=sequence)
                if message is not None and not self.is_repeat(message):
                    return message
                continue
            passed = _span_with(self._out, sequence) or _span_with(self._lost, sequence)
            if passed is None:
                return None
            # What is lost to the log may be here all the same.
            held = [key - 1 for key in self._waiting if key > sequence]
            self.position = replace(position, sequence=min([passed[1], *held]))
            self._lost = [span for span in self._lost if span[1] > sequence]
            self._out = [span for span in self._out if span[1] > sequence]
        return None

    @property
    def has_hole(self) -> bool:
        """Whether something is missing that only the log can give. Asked when ``next`` gives nothing."""
        if self.position is None:
            return False
        is_behind = self.known > self.position.sequence
        return is_behind or bool(self._strangers) or self._strange_head is not None

    def is_repeat(self, message: Message) -> bool:
        """An ephemeral message, or one of a deployment without a log: only its id tells it apart."""
        return self._repeats.note((message.agent_id, message.id), message.timestamp.timestamp())

    def _put(self, sequence: int, message: Message | None) -> None:
        position = self.position
        if position is None or sequence <= position.sequence or _span_with(self._out, sequence):
            return
        self.known = max(self.known, sequence)
        is_seen = sequence in self._waiting and self._waiting[sequence] is None
        if sequence <= position.sequence + _WINDOW and not is_seen:
            self._waiting[sequence] = message

    def _is_of_this_epoch(self, place: Position) -> bool:
        position = self.position
        # The first message of a log that was empty when we looked begins its epoch.
        is_first = position is not None and position.sequence == 0 and place.sequence == 1
        if is_first and position is not None and position.epoch != place.epoch:
            self._move_to(Position(place.epoch, 0))
        return self.position is not None and self.position.epoch == place.epoch

    def _move_to(self, position: Position) -> None:
        self.position = position
        self.known = max(self.known, position.sequence)
        self.settle()

    def _lower_to(self, sequence: int) -> None:
        """Older news: goes back, and passes over what has come out already."""
        position = self.position
        if position is None:
            return
        if position.sequence > self._floor:
            self._out.append((self._floor + 1, position.sequence))
        self._floor = sequence
        self.position = replace(position, sequence=sequence)


def place_of(message: Message) -> Position:
    """Of a message that is in a log."""
    position = message.position
    if position is None:
        raise ValueError("The message is not in a log")
    return position


def _span_with(spans: Sequence[Span], sequence: int) -> Span | None:
    return next((span for span in spans if span[0] <= sequence <= span[1]), None)
