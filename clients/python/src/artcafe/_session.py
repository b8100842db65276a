"""Keeps one connection to the service for as long as the user wants: says hello, resumes, and hands over to the next one.

Opening connections is the business of the dialer, what is sent and heard that of outbox and streams.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from ._connection.connection import Connection
from ._connection.dialer import Dialer, DialerPort
from ._connection.heartbeat import Heartbeat, SleepWatch
from ._connection.hello import Hello
from ._connection.replies import REQUEST_EXPIRED, LogGap
from ._connection.rotation import Rotation
from ._connection.socket import Socket
from ._reading.streams import Streams, StreamsPort
from ._sending.ask_again import ask_again
from ._sending.outbox import Outbox
from ._sending.publisher import Publisher, PublisherPort
from ._shared.clock import ServerClock
from ._shared.tasks import PATIENCE, at_most, failed_future, new_future, spawn, within
from .errors import PubSubError
from .events import Emitter, Gap, State, StateChange
from .messages import Frame, is_message_frame, read_message, text_in, time_in
from .options import Options

T = TypeVar("T")

# The connection that was replaced is kept this long, for what is still on its way.
_LEAVING = 2.0
# In which the answer to a publish can still come after a `close`.
_CLOSING = 5.0
# For the answer to the last ping before a `close`.
_REPORT = 2.0
# For the cursor to save what is handled, at the end.
_SAVING = 5.0
# For the answer to a ping when the connection may have died.
_HINTED = 4.0
# For the cursor to say where the inbox stands.
_LOAD = 10.0


class Session:
    """Made within a running loop, and belongs to it."""

    def __init__(self, options: Options, emitter: Emitter) -> None:
        self._options = options
        self._emitter = emitter
        self.state: State = "disconnected"
        self.clock = ServerClock()
        self.hello = Hello(options.status, options.capabilities)
        self.agent_id: str | None = None
        """As the service calls us; known from the first WELCOME on."""
        self._tenant_id: str | None = None
        self._current: Connection | None = None
        self._leaving: set[Connection] = set()
        self._closing: set[asyncio.Future[Any]] = set()
        self._arrival = new_future()
        self._sleep_watch: SleepWatch | None = None
        self._saved: asyncio.Future[Any] = new_future()
        self._dialer = self._new_dialer()
        self._rotation = Rotation(
            callable(options.token),
            self._dialer.dial,
            lambda: self._end(PubSubError("token_expired")),
        )
        self._outbox = Outbox(options.queue, doubt=self._ping, renew=lambda: self._rotation.replace_in(0.0))
        self.publisher = self._new_publisher()
        self.streams = self._new_streams()
        self._heartbeat = Heartbeat(
            options.heartbeat, lambda: len(self._outbox) > 0 or self.streams.has_hole, self._ping
        )

    def _new_dialer(self) -> Dialer:
        return Dialer(
            DialerPort(
                options=self._options,
                emitter=self._emitter,
                connection=self._connection,
                greet=self._greet,
                is_connected=self._is_connected,
                refused=self._end,
            )
        )

    def _new_publisher(self) -> Publisher:
        return Publisher(
            PublisherPort(
                outbox=self._outbox,
                echo=self._options.echo,
                is_closed=lambda: self.state == "closed",
                agent_id=lambda: self.agent_id,
                tenant_id=lambda: self._tenant_id,
                wake=self.wake,
                stream=lambda channel_id: self.streams.get(channel_id),
            )
        )

    def _new_streams(self) -> Streams:
        return Streams(
            StreamsPort(
                cursor=self._options.cursor,
                emitter=self._emitter,
                is_own=self.publisher.is_own,
                is_connected=self._is_connected,
                ask=self.ask,
            )
        )

    async def connect(self, timeout: float) -> None:
        self.wake()
        await self._within(self._arrival, timeout, "No connection")

    async def close(self) -> None:
        """Waits a while for what is on its way, says how far the inbox is handled, then ends for good."""
        if self.state != "closed":
            await at_most(_CLOSING, self._outbox.drained())
            report = self.streams.report()
            if report is not None:
                await at_most(_REPORT, report)
            self._end(None)
        await at_most(_SAVING, self._saved)
        if self._closing:
            await asyncio.wait(self._closing, timeout=_SAVING)

    def ask(self, frame: Frame, read: Callable[[list[Frame]], T]) -> asyncio.Future[T]:
        """On the connection of the moment."""
        if self._current is None:
            return failed_future(PubSubError("connection_lost"))
        return self._current.ask(frame, read)

    async def ask_patiently(self, frame: Frame, read: Callable[[list[Frame]], T]) -> T:
        """On this connection or a later one; connects when nothing has. Settles within 60 s."""
        self.wake()
        answer = spawn(ask_again(lambda: self._arrival, lambda: self.ask(frame, read)))
        try:
            return await self._within(answer, PATIENCE, "No answer")
        finally:
            answer.cancel()

    async def ready(self, channel_id: str) -> None:
        """Settles with the first answer of the service about the channel; connects when nothing has."""
        self.wake()
        is_closed = self.state == "closed"
        future = self._arrival if is_closed else self.streams.ready(channel_id)
        await self._within(future, PATIENCE, "No answer")

    def missing(self, channel_id: str, gap: LogGap) -> None:
        """The log can't give these any more."""
        if gap.reason != REQUEST_EXPIRED:
            self._emitter.emit("gap", Gap(channel_id, gap.reason, gap.first, gap.last))

    def wake(self) -> None:
        """The first use connects."""
        if self.state != "disconnected":
            return
        self._move("connecting", None)
        self._sleep_watch = SleepWatch(self._woken)
        self._dialer.dial()

    async def _within(self, future: asyncio.Future[T], timeout: float, what: str) -> T:
        """When it is late, the error says what did not come, and why, as far as is known."""

        def late() -> tuple[str, BaseException | None]:
            error = self._dialer.last_error
            return (what, None) if error is None else (f"{what} ({error})", error)

        return await within(future, timeout, late)

    def _is_connected(self) -> bool:
        return self._current is not None

    def _connection(self, socket: Socket) -> Connection:
        connection = Connection(socket, self._receive, self._ended)
        self._closing.add(connection.closed)
        connection.closed.add_done_callback(self._closing.discard)
        return connection

    async def _greet(self, connection: Connection) -> None:
        await within(self.streams.loaded, _LOAD, lambda: ("No position from the cursor", None))
        asked = self.streams.resume()

        def welcome(parts: list[Frame]) -> None:
            self._welcomed(connection, parts[0])
            self.streams.welcome(parts[0], asked)

        await self.hello.greet(connection, self.streams.resume_frames(asked), welcome)

    def _welcomed(self, connection: Connection, welcome: Frame) -> None:
        old = self._current
        self._current = connection
        self._dialer.welcomed()
        self.agent_id = text_in(welcome.get("agent_id"))
        self._tenant_id = text_in(welcome.get("tenant_id"))
        self.clock.learn(welcome)
        if old is not None:
            self._leaving.add(old)
        self._outbox.attach(connection.send, lambda: self._leave(old))
        expiry = time_in(welcome.get("token_expires_at"))
        self._rotation.plan(None if expiry is None else expiry.timestamp() - self.clock.now())
        self._heartbeat.start()
        if self.state == "connecting":
            self._move("connected", None)
            self._arrival.set_result(None)

    @staticmethod
    def _leave(old: Connection | None) -> None:
        if old is not None:
            asyncio.get_running_loop().call_later(_LEAVING, old.end, PubSubError("closed"))

    def _receive(self, frame: Frame, connection: Connection) -> None:
        kind = frame.get("type")
        if self.state == "closed":
            return
        if is_message_frame(frame):
            self.streams.offer(read_message(frame))
        elif kind == "ACK":
            self._outbox.acknowledge(frame)
        elif kind == "ERROR":
            self._outbox.refuse(frame)
        elif kind == "REPLAYED":
            self.streams.replayed(frame)
        elif kind == "GOAWAY" and connection is self._current:
            self._sent_away(frame)
        elif "type" not in frame:
            # API Gateway's own: a function failed or was throttled.
            self._outbox.failed()

    def _sent_away(self, frame: Frame) -> None:
        if frame.get("reconnect") is False:
            self._end(PubSubError(str(frame.get("code")), text_in(frame.get("reason"))))
        else:
            self._rotation.replace_in(self._dialer.attempts.spread())

    def _ended(self, connection: Connection, error: PubSubError) -> None:
        if connection in self._leaving:
            self._leaving.discard(connection)
            self._outbox.abandon()
        if connection is not self._current:
            return
        self._current = None
        self._outbox.detach()
        self._heartbeat.stop()
        self._rotation.pause()
        if self.state != "connected":
            return
        self._arrival = new_future()
        self._move("connecting", error)
        self._dialer.dropped(error)

    def _woken(self) -> None:
        """The machine has slept."""
        if self._current is not None:
            self._current.when_silent(lambda: self._ping(_HINTED))
        self._dialer.hinted(_HINTED)

    def _ping(self, patience: float | None = None) -> None:
        """Asks how things stand. Silence is the end of the connection."""
        connection = self._current
        if connection is None:
            return
        if patience is None:
            connection.suspect()
        else:
            connection.suspect(patience)
        for ping in self.streams.pings():
            # Silence is the connection's own business; a refusal says nothing about the others.
            connection.ask(ping, self._pong)

    def _pong(self, parts: list[Frame]) -> None:
        self.clock.learn(parts[0])
        self.streams.pong(parts[0])

    def _end(self, error: PubSubError | None) -> None:
        """With an error when it was not the user's wish."""
        if self.state == "closed":
            return
        reason = error or PubSubError("closed")
        self._move("closed", error)
        self._dialer.end()
        self._rotation.stop()
        self._heartbeat.stop()
        if self._sleep_watch is not None:
            self._sleep_watch.stop()
        self._saved = self.streams.end(reason, error is None)
        self._outbox.end(reason)
        if not self._arrival.done():
            self._arrival.set_exception(reason)
        self._arrival = failed_future(PubSubError("closed", "The client is closed", cause=error))
        for connection in [self._current, *self._leaving]:
            if connection is not None:
                connection.end(PubSubError("closed"))

    def _move(self, state: State, error: PubSubError | None) -> None:
        self.state = state
        self._emitter.emit("state", StateChange(state, error))
