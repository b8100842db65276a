"""What the user holds of a channel, of the own inbox and of another agent: publishing, reading live, reading the log."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any

from ._connection.replies import position_frame, read_history
from ._reading.reader import Handler, Reader
from ._reading.stream import Stream
from ._sending.publisher import Said
from ._sending.requests import Requests
from ._session import Session
from ._shared.checks import check, need
from ._shared.limits import INBOX
from .cursors import Position
from .errors import PubSubError
from .messages import Echo, Frame, Message, Receipt

_PAGE = 1_000


class Subscription:
    """One handler on one channel."""

    def __init__(self, remove: Callable[[], None]) -> None:
        self._remove = remove

    def unsubscribe(self) -> None:
        """From the moment of the call, nothing more reaches the handler."""
        self._remove()


class Readable:
    """A log that can be read, live and from its past."""

    def __init__(
        self,
        session: Callable[[], Session],
        name: str,
        accepts: Callable[[Message], bool],
    ) -> None:
        self._session = session
        self._accepts = accepts
        self.name = name

    async def subscribe(self, handler: Handler, *, since: Position | None = None) -> Subscription:
        """Calls the handler with each message, once and in order.

        The handler may be ``async`` or not. It gets one message at a time: while it works on one, the next ones wait.
        Settles when the service has subscribed the connection.

        Args:
            since: Begin after this position instead of with what is new. Only for the first reader of a channel.

        Raises:
            PubSubError: What the service refuses with (``forbidden``, …); ``timeout`` after 60 s; ``closed``.

        Example:
            >>> async def show(message):
            ...     print(message.agent_id, message.content)
            >>> await bus.channel("lobby").subscribe(show)
        """
        need("callback", handler=handler)
        session, stream, reader = self._attach(since, handler)
        try:
            await session.ready(self.name)
        except BaseException:
            _detach(session, stream, reader)
            raise
        return Subscription(lambda: _detach(session, stream, reader))

    async def messages(self, *, since: Position | None = None) -> AsyncGenerator[Message, None]:
        """The same as a loop. A slow loop is never overrun: what does not fit into memory is read from the log.

        A message counts as handled when the loop asks for the next one, or is left. The loop ends with ``close()``, and
        raises what the connection ends with.

        Example:
            >>> async for message in bus.channel("lobby"):
            ...     print(message.content)
        """
        session, stream, reader = self._attach(since, None)
        try:
            await session.ready(self.name)
            while (message := await reader.next()) is not None:
                # A reader that leaves the loop has had the message.
                try:
                    yield message
                finally:
                    reader.done(message)
        finally:
            _detach(session, stream, reader)

    def __aiter__(self) -> AsyncIterator[Message]:
        return self.messages()

    async def history(
        self,
        *,
        after: Position | None = None,
        before: Position | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Message, None]:
        """Messages of the log, read page by page as the loop goes on. Each page (1,000 messages) comes within 60 s.

        Args:
            after: Oldest first, beginning after this position.
            before: Newest first, beginning before this position. Without both: newest first.
            limit: Most messages; all there are when it is not given.

        Raises:
            PubSubError: ``forbidden``, ``not_recoverable``, ``timeout``, ``closed``.

        Example:
            >>> async for message in bus.channel("lobby").history(limit=20):
            ...     print(message.content)
        """
        check("position", after=after, before=before)
        check("count", limit=limit)
        left = math.inf if limit is None else limit
        while left > 0:
            session = self._session()
            question: Frame = {
                "type": "history",
                "channel_id": self.name,
                "limit": int(min(left, _PAGE)),
            }
            if after is not None:
                question["after"] = position_frame(after)
            if before is not None:
                question["before"] = position_frame(before)
            page = await session.ask_patiently(question, read_history)
            for gap in page.gaps:
                session.missing(self.name, gap)
            for message in page.messages if after is not None else reversed(page.messages):
                # What is left of the page is nobody's when the client was closed meanwhile.
                if session.state == "closed":
                    raise PubSubError("closed", "The client is closed")
                yield message
            left -= len(page.messages)
            if page.next is None:
                return
            if after is not None:
                after = page.next
            else:
                before = page.next

    def _attach(self, since: Position | None, handler: Handler | None) -> tuple[Session, Stream, Reader]:
        check("position", since=since)
        session = self._session()
        if session.state == "closed":
            raise PubSubError("closed", "The client is closed")
        if since is not None and self.name in session.streams:
            raise PubSubError("invalid_message", f'"{self.name}" has a reader already')
        stream = session.streams.open(self.name, since)
        return session, stream, stream.add_reader(handler, self._accepts)


class Channel(Readable):
    """A named stream of messages inside a tenant."""

    def __init__(self, session: Callable[[], Session], name: str) -> None:
        super().__init__(session, name, lambda _: True)

    async def publish(
        self,
        content: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        ephemeral: bool | None = None,
        echo: Echo | None = None,
        id: str | None = None,
        type: str | None = None,
        correlation_id: str | None = None,
        in_reply_to: str | None = None,
        traceparent: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """Sends a message to everybody who is subscribed. Settles when the service has it in the channel's log.

        Survives a drop of the connection. Settles within nine minutes. Calls for one channel that are under way at the same
        time keep their order. When the call is cancelled, the message is not sent if it was not yet; others are not affected.

        Args:
            content: Any JSON; up to 32 KB with all else that is sent.
            metadata: A dict of your own.
            ephemeral: Not stored: cheaper and faster, and not delivered to agents that are offline.
            echo: Whether this client hears the message too; as the client was made when it is not given.
            id: A random one when it is not given. The same id within two minutes is shown once.
            type: Lower case, such as ``chat.typing``; ``message`` when it is not given.
            extra: Further fields of your own.

        Raises:
            PubSubError: What the service refuses with (``forbidden``, …); ``payload_too_large``, ``invalid_message``,
                ``queue_full`` before anything is sent; ``timeout`` when it was never sent, ``unconfirmed`` when it may be in
                the log; ``closed``.

        Example:
            >>> receipt = await bus.channel("lobby").publish({"hello": "world"})
            >>> receipt.sequence
            1
        """
        said = Said(
            id=id,
            type=type,
            metadata=metadata,
            ephemeral=ephemeral,
            echo=echo,
            correlation_id=correlation_id,
            in_reply_to=in_reply_to,
            traceparent=traceparent,
            extra=extra,
        )
        return await self._session().publisher.publish({"channel_id": self.name}, content, said)


class Inbox(Readable):
    """Direct messages to this agent. They are kept while no connection of it is there, and until there is a handler."""

    def __init__(self, session: Callable[[], Session], accepts: Callable[[Message], bool]) -> None:
        super().__init__(session, INBOX, accepts)


class Agent:
    """Another agent of the tenant, as the receiver of direct messages."""

    def __init__(self, session: Callable[[], Session], requests: Callable[[], Requests], id: str) -> None:
        self._session = session
        self._requests = requests
        self.id = id

    async def send(
        self,
        content: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        ephemeral: bool | None = None,
        echo: Echo | None = None,
        id: str | None = None,
        type: str | None = None,
        correlation_id: str | None = None,
        in_reply_to: str | None = None,
        traceparent: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """Settles when the service has the message; its ``status`` tells whether the agent is there or finds it in its inbox.

        Arguments, errors and times are those of ``Channel.publish``.

        Example:
            >>> receipt = await bus.agent("bob").send("hello")
            >>> receipt.status
            'stored'
        """
        said = Said(
            id=id,
            type=type,
            metadata=metadata,
            ephemeral=ephemeral,
            echo=echo,
            correlation_id=correlation_id,
            in_reply_to=in_reply_to,
            traceparent=traceparent,
            extra=extra,
        )
        return await self._session().publisher.publish({"to": self.id}, content, said)

    async def request(
        self,
        content: Any,
        *,
        timeout: float = 30.0,
        metadata: Mapping[str, Any] | None = None,
    ) -> Message:
        """Gives the reply. Only one of the agent that was asked counts; every process of it gets the request, the first counts.

        Args:
            content: Any JSON.
            timeout: Seconds to wait for the reply: from 0.001 to 24 days, or ``math.inf``. When it is over, the other agent
                does not begin with the request any more.
            metadata: A dict of your own.

        Raises:
            PubSubError: ``no_responders`` at once when the agent is not connected; ``timeout`` when it does not answer in
                time; ``no_handler`` when it has no handler for requests; ``request_failed`` when its handler raises.

        Example:
            >>> reply = await bus.agent("adder").request({"a": 1, "b": 2}, timeout=2)
            >>> reply.content
            3
        """
        return await self._requests().request(self.id, content, timeout, metadata)


def _detach(session: Session, stream: Stream, reader: Reader) -> None:
    stream.remove_reader(reader)
    session.streams.release(stream)
