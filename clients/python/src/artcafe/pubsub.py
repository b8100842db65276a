"""The client as its users see it. What it promises is kept by session, outbox and streams."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, overload

from ._reading.reader import NOT_HANDLED
from ._sending.requests import RequestHandler, Requests
from ._session import Session
from ._shared.checks import need
from ._shared.tasks import PATIENCE
from .channel import Agent, Channel, Inbox
from .cursors import Cursor, MemoryCursor
from .errors import PubSubError
from .events import Emitter, Gap, Retrying, State, StateChange
from .messages import Echo, Message
from .options import Backoff, Options, Queue, TokenSource
from .presence import Presence

H = TypeVar("H", bound=RequestHandler)


class PubSub:
    """A connection of one agent to the bus, for as long as it is wanted. The first call that needs it opens it.

    A client belongs to the event loop of its first use; calls from another one raise ``invalid_message``.

    Args:
        url: The base URL that a deployment prints, without ``/ws`` and without a query, such as
            ``wss://abc.execute-api.eu-west-1.amazonaws.com``.
        token: A token, or a function, ``async`` or not, that gets one. A function is called for every new connection, so
            that a fresh token takes over before the old one expires; one that is not ``async`` runs in a thread. With a
            plain token the client stops when it has expired.
        echo: Whether this client hears its own messages: ``True``, ``False``, or ``"server"`` when the copy is always to come
            from the service, for one message more.
        cursor: Where positions are kept. Without one they are in memory, so that a new process begins with what is new.
        backoff: Times between tries to connect.
        queue: How much may wait for its acknowledgement.
        heartbeat: Seconds between two pings while all is well: from 1 to 540, the default. Each ping is billed as one message
            in and one out.
        observer: Whether this client only watches what its agent gets: it never answers ``no_handler`` to a request, so that
            the answer of another process of the same agent is the only one.
        status: What other agents can see of this one; 1-64 characters.
        capabilities: What this agent can; up to 50 words of up to 64 characters.
        ssl: For servers with certificates of their own.
        allow_insecure: Allows ``ws://`` to other hosts than this machine, which shows the token to the network.

    Raises:
        PubSubError: ``invalid_message``, with a sentence that says what to write, when an argument can't work.

    Example:
        >>> async with PubSub(url, fetch_token) as bus:
        ...     async for message in bus.channel("lobby"):
        ...         print(message.agent_id, message.content)
    """

    def __init__(
        self,
        url: str,
        token: TokenSource,
        *,
        echo: Echo = True,
        cursor: Cursor | None = None,
        backoff: Backoff = Backoff(),
        queue: Queue = Queue(),
        heartbeat: float = 540.0,
        observer: bool = False,
        status: str | None = None,
        capabilities: Sequence[str] | None = None,
        ssl: ssl.SSLContext | None = None,
        allow_insecure: bool = False,
    ) -> None:
        self._options = Options(
            url=url,
            token=token,
            echo=echo,
            cursor=MemoryCursor() if cursor is None else cursor,
            backoff=backoff,
            queue=queue,
            heartbeat=heartbeat,
            observer=observer,
            status=status,
            capabilities=capabilities,
            ssl=ssl,
            allow_insecure=allow_insecure,
        )
        self._emitter = Emitter()
        self._started: tuple[Session, Requests] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handler: RequestHandler | None = None
        self.inbox = Inbox(self._session, lambda message: self._requests().is_for_inbox(message))
        """Direct messages to this agent."""
        self.presence = Presence(self._session, self._emitter)
        """Who is there."""
        self._emitter.on("state", self._moved)

    @property
    def state(self) -> State:
        """``disconnected`` before the first use, ``closed`` after the end."""
        return self._started[0].state if self._started else "disconnected"

    @property
    def agent_id(self) -> str | None:
        """How the service calls this agent, from the first connection on."""
        return self._started[0].agent_id if self._started else None

    async def __aenter__(self) -> PubSub:
        try:
            await self.connect()
        except BaseException:
            # Nothing else would end it: it would go on trying, and connect some day with nobody behind it.
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self, *, timeout: float = PATIENCE) -> None:
        """Waits for the first connection; from then on it is kept.

        Args:
            timeout: Seconds, or ``math.inf``. When it is over, the client goes on trying until ``close()``.

        Raises:
            PubSubError: When no try could change the outcome: ``unauthorized`` or ``forbidden`` (a plain token is refused,
                those of a function five times and for 30 s), or what the last of ``max_attempts`` has failed with;
                ``timeout``; ``closed``.
        """
        need("time", timeout=timeout)
        await self._session().connect(timeout)

    async def close(self) -> None:
        """Waits up to 5 s for what is not acknowledged, then ends for good.

        Settles when the cursor has saved what is handled, or 5 s later: a process may exit then, and the next one goes on
        behind it.
        """
        await self._session().close()

    def channel(self, name: str) -> Channel:
        """The same name is the same channel: 1-128 of ``A-Z a-z 0-9 . _ : -``."""
        need("channel", name=name)
        return Channel(self._session, name)

    def agent(self, id: str) -> Agent:
        """Another agent of the tenant."""
        need("text", id=id)
        return Agent(self._session, self._requests, id)

    def on_request(self, handler: H) -> H:
        """Answers requests of other agents; to be used as a decorator.

        There is one handler, ``async`` or not; it gets the content and the message, and what it returns is the reply: one
        JSON value. An ``async`` one may work on several requests at once. A request that comes before there is a handler
        waits for it for 2 s; then its asker gets ``no_handler``. One whose asker has given up is left out. When the handler
        raises, the asker gets ``request_failed``: with the text of a ``RequestError``, with nothing of any other error, which
        is this client's ``error`` event.

        Example:
            >>> @bus.on_request
            ... async def add(content, message):
            ...     return content["a"] + content["b"]
        """
        need("callback", handler=handler)
        self._handler = handler
        if self._started:
            self._started[1].handler = handler
        return handler

    @overload
    def on(self, name: Literal["state"], listener: Callable[[StateChange], object]) -> Callable[[], None]: ...
    @overload
    def on(self, name: Literal["retrying"], listener: Callable[[Retrying], object]) -> Callable[[], None]: ...
    @overload
    def on(self, name: Literal["gap"], listener: Callable[[Gap], object]) -> Callable[[], None]: ...
    @overload
    def on(
        self, name: Literal["error"], listener: Callable[[BaseException], object]
    ) -> Callable[[], None]: ...
    def on(self, name: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Calls the listener with each event; returns what takes it away again.

        ``state``: a ``StateChange``. ``retrying``: a ``Retrying``. ``gap``: a ``Gap``, of messages that will not come.
        ``error``: a handler, a listener or a cursor has raised, or a subscription was taken away; logged when nobody listens.
        """
        return self._emitter.on(name, listener)

    def _session(self) -> Session:
        return self._start()[0]

    def _requests(self) -> Requests:
        return self._start()[1]

    def _start(self) -> tuple[Session, Requests]:
        """Within a running loop, which the client belongs to from then on."""
        if self._started is not None:
            if self._loop is not asyncio.get_running_loop():
                raise PubSubError("invalid_message", "The client belongs to another event loop")
            return self._started
        self._loop = asyncio.get_running_loop()
        session = Session(self._options, self._emitter)

        def failed(error: BaseException) -> None:
            if session.state != "closed":
                self._emitter.report(error)

        requests = Requests(session.publisher, session.clock, failed, self._options.observer)
        if self._handler is not None:
            requests.handler = self._handler

        async def answer(message: Message) -> object:
            await requests.answer(message)
            # At the end the reply may not be acknowledged; then the request comes again.
            return NOT_HANDLED if session.state == "closed" else None

        inbox = session.streams.inbox
        inbox.add_reader(requests.take, requests.is_reply, is_concurrent=True)
        inbox.add_reader(answer, requests.is_request, is_concurrent=True)
        self._started = session, requests
        return self._started

    def _moved(self, change: StateChange) -> None:
        if change.state == "closed":
            self._requests().end(change.error or PubSubError("closed"))
        if change.state == "connected":
            self.presence.heal()
