"""All channels that this client follows: who is subscribed on which connection, and what arrives for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from .._connection.replies import (
    HistoryPage,
    Standing,
    position_frame,
    read_gaps,
    read_history,
    read_standing,
    read_standings,
)
from .._shared.clock import backoff
from .._shared.limits import INBOX, PING_CHANNELS, PRESENCE, RESUME_CHANNELS
from .._shared.tasks import new_future, spawn
from ..cursors import Cursor, Position
from ..errors import PubSubError
from ..events import Emitter
from ..messages import Frame, Message, text_in
from .places import Place, Places
from .stream import Stream, StreamPort

T = TypeVar("T")

# Messages of the inbox that are handled before they are reported without waiting for the next ping.
_REPORT_EVERY = 100


class Ask(Protocol):
    """Asks on the connection of the moment; fails with ``connection_lost`` when there is none."""

    def __call__(self, frame: Frame, read: Callable[[list[Frame]], T]) -> asyncio.Future[T]: ...


@dataclass(frozen=True, slots=True)
class StreamsPort:
    """What the streams need of the session. ``is_own``: a message that this client has sent and does not want to hear."""

    cursor: Cursor
    emitter: Emitter
    is_own: Callable[[Message], bool]
    is_connected: Callable[[], bool]
    ask: Ask


@dataclass(slots=True, eq=False)
class _Entry:
    stream: Stream
    place: Place
    # Done with the first answer of the service.
    ready: asyncio.Future[None] = field(default_factory=new_future)
    # Whether the cursor has said where the reader stands.
    is_loaded: bool = False
    tries: int = 0


Asked = Mapping[str, "tuple[_Entry, Position | None]"]
"""What was asked for in a ``hello``, by channel; and for whom: another stream may follow the channel when the answer comes."""


class Streams:
    """By channel. The inbox is always there."""

    def __init__(self, port: StreamsPort) -> None:
        self._port = port
        # The sequence up to which the inbox was reported as handled; None for a service that does not keep that.
        self._told: int | None = None
        self._followed: dict[str, _Entry] = {}
        self._places = Places(port.cursor, port.emitter.report)
        # Channels that are being unsubscribed: subscribing again has to wait, or the two may overtake each other.
        self._leaving: dict[str, asyncio.Future[Any]] = {}
        self.inbox, self.loaded = self._add(INBOX, None)
        """``loaded`` is done when the cursor has said where the inbox stands: ``hello`` names it."""

    def __contains__(self, channel_id: str) -> bool:
        return channel_id in self._followed

    @property
    def has_hole(self) -> bool:
        return any(entry.stream.has_hole for entry in self._followed.values())

    def open(self, channel_id: str, since: Position | None = None) -> Stream:
        """The stream of a channel, which is made and subscribed when there is none."""
        entry = self._followed.get(channel_id)
        return entry.stream if entry is not None else self._add(channel_id, since)[0]

    def ready(self, channel_id: str) -> asyncio.Future[None]:
        """Done when the service has answered about the channel, which has a stream."""
        return self._followed[channel_id].ready

    def release(self, stream: Stream) -> None:
        """Ends the stream when nobody reads it any more."""
        entry = self._followed.get(stream.channel_id)
        if stream.has_readers or entry is None or entry.stream is not stream or stream is self.inbox:
            return
        del self._followed[stream.channel_id]
        stream.end(None)
        _fail(entry.ready, PubSubError("closed"))
        self._leave(stream.channel_id)

    def end(self, error: PubSubError, is_wanted: bool) -> asyncio.Future[Any]:
        """Done when the cursor has saved what is handled."""
        for entry in self._followed.values():
            entry.stream.end(None if is_wanted else error)
            _fail(entry.ready, error)
        self._followed.clear()
        return self._places.settled()

    def offer(self, message: Message) -> None:
        entry = self._followed.get(message.channel_id or INBOX)
        if entry is not None:
            entry.stream.offer(message)

    def get(self, channel_id: str) -> Stream | None:
        entry = self._followed.get(channel_id)
        return None if entry is None else entry.stream

    def replayed(self, frame: Frame) -> None:
        entry = self._followed.get(str(frame.get("channel_id")))
        if entry is not None:
            entry.stream.replayed(frame.get("complete") is True, read_gaps(frame))

    def resume(self) -> Asked:
        """The positions for a ``hello``: as many as fit, the rest is subscribed one by one."""
        loaded = [(name, entry) for name, entry in self._followed.items() if entry.is_loaded]
        return {name: (entry, entry.stream.position) for name, entry in loaded[:RESUME_CHANNELS]}

    def resume_frames(self, asked: Asked) -> list[Frame]:
        handled = self.inbox.handled
        self._told = handled.sequence if handled else None
        return [self._place(channel_id, position) for channel_id, (_, position) in asked.items()]

    def welcome(self, frame: Frame, asked: Asked) -> None:
        """``asked`` in the ``hello`` that this answers."""
        # Whose readers have gone meanwhile; what the service refuses is not subscribed.
        left = [channel_id for channel_id in asked if channel_id not in self._followed]
        for standing in read_standings(frame):
            if standing.channel_id == INBOX:
                self._learn_told(standing.start)
            if standing.channel_id in asked:
                self._settle(*asked[standing.channel_id], standing)
        was_asked = [entry for entry, _ in asked.values()]
        for entry in list(self._followed.values()):
            if entry not in was_asked:
                spawn(self._subscribe(entry))
        for channel_id in left:
            self._leave(channel_id)

    def pings(self) -> list[Frame]:
        """Positions for ``ping``, in groups of what one may ask about."""
        places = [
            self._place(name, entry.stream.position)
            for name, entry in self._followed.items()
            if entry.stream.position is not None and name != PRESENCE
        ]
        starts = range(0, max(1, len(places)), PING_CHANNELS)
        return [{"type": "ping", "channels": places[start : start + PING_CHANNELS]} for start in starts]

    def pong(self, frame: Frame) -> None:
        for standing in read_standings(frame):
            entry = self._followed.get(standing.channel_id)
            if entry is not None and standing.head is not None:
                entry.stream.learn_head(standing.head)

    def report(self) -> asyncio.Future[Any] | None:
        """Tells the service how far the inbox is handled. When it fails, the next ping tells it as well."""
        if self._told is None or not self._port.is_connected():
            return None
        ping = {"type": "ping", "channels": [self._place(INBOX, self.inbox.position)]}
        return self._port.ask(ping, lambda _: None)

    def _learn_told(self, start: int | None) -> None:
        if start is None:
            self._told = None
        elif self._told is None:
            self._told = start

    def _place(self, channel_id: str, position: Position | None) -> Frame:
        """A channel in a ``hello`` or ``ping``."""
        frame = {"channel_id": channel_id, **(position_frame(position) or {})}
        if channel_id != INBOX:
            return frame
        handled = self.inbox.handled
        if self._told is not None:
            self._told = handled.sequence if handled else 0
        return {**frame, "handled": position_frame(handled) or {}}

    def _inbox_handled(self) -> None:
        handled = self.inbox.handled
        if self._told is not None and handled is not None and handled.sequence - self._told >= _REPORT_EVERY:
            self.report()

    def _add(self, channel_id: str, since: Position | None) -> tuple[Stream, asyncio.Task[None]]:
        ask = self._port.ask

        def history(name: str, after: Position, limit: int) -> asyncio.Future[HistoryPage]:
            place = position_frame(after)
            return ask({"type": "history", "channel_id": name, "after": place, "limit": limit}, read_history)

        def subscribe(name: str, position: Position) -> asyncio.Future[Standing]:
            frame = {"type": "subscribe", "channel_id": name, "since": position_frame(position)}
            return ask(frame, lambda parts: read_standing(parts[0]))

        place = self._places.of(channel_id)
        move = place.take_over()

        def moved(position: Position) -> None:
            move(position)
            if channel_id == INBOX:
                self._inbox_handled()

        port = StreamPort(
            emitter=self._port.emitter,
            is_own=self._port.is_own,
            moved=moved,
            history=history,
            subscribe=subscribe,
        )
        entry = _Entry(Stream(channel_id, port, channel_id == INBOX), place)
        self._followed[channel_id] = entry
        return entry.stream, spawn(self._load(entry, since))

    async def _load(self, entry: _Entry, since: Position | None) -> None:
        stream = entry.stream
        if since is not None:
            stream.since = since
        else:
            stream.since, stream.is_position_lost = await entry.place.load()
        entry.is_loaded = True
        if self._port.is_connected():
            await self._subscribe(entry)

    async def _subscribe(self, entry: _Entry) -> None:
        stream = entry.stream
        channel_id = stream.channel_id
        leaving = self._leaving.get(channel_id)
        if leaving is not None:
            await asyncio.wait({leaving})
        if not entry.is_loaded or self._followed.get(channel_id) is not entry:
            return
        position = stream.position
        frame = {"type": "subscribe", "channel_id": channel_id}
        if position is not None:
            frame["since"] = position_frame(position)  # type: ignore[assignment]
        try:
            await self._port.ask(frame, lambda parts: self._settle(entry, position, read_standing(parts[0])))
        except PubSubError as error:
            # Without a connection, the next `hello` asks.
            if error.code == "connection_lost":
                return
            if not error.retryable:
                self._fail(entry, error)
                return
            entry.tries += 1
            await asyncio.sleep(backoff(entry.tries))
            spawn(self._subscribe(entry))

    def _settle(self, entry: _Entry, since: Position | None, standing: Standing) -> None:
        if standing.head is None and standing.reason == "forbidden":
            self._fail(entry, PubSubError("forbidden"))
            return
        entry.tries = 0
        entry.stream.stand(standing, since)
        if not entry.ready.done():
            entry.ready.set_result(None)

    def _fail(self, entry: _Entry, error: PubSubError) -> None:
        channel_id = entry.stream.channel_id
        if self._followed.get(channel_id) is not entry:
            return
        del self._followed[channel_id]
        entry.stream.end(error)
        if entry.ready.done():
            self._port.emitter.emit("error", error)
        _fail(entry.ready, error)

    def _leave(self, channel_id: str) -> None:
        if not self._port.is_connected():
            return
        left = self._port.ask({"type": "unsubscribe", "channel_id": channel_id}, text_in)
        self._leaving[channel_id] = left

        def gone(_: asyncio.Future[Any]) -> None:
            if self._leaving.get(channel_id) is left:
                del self._leaving[channel_id]

        # What comes all the same is for nobody, and the next connection does not ask for it.
        left.add_done_callback(gone)


def _fail(future: asyncio.Future[None], error: PubSubError) -> None:
    if not future.done():
        future.set_exception(error)
