"""Opens connections, one at a time, and goes on trying until one is welcome or no try could change the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .._shared.tasks import spawn
from ..errors import PubSubError
from ..events import Emitter, Retrying
from ..options import Options
from .attempts import Attempts
from .connection import Connection
from .handshake import connect_url, fresh_token, refusal, without_secrets
from .socket import Socket, open_socket


@dataclass(frozen=True, slots=True)
class DialerPort:
    """What the dialer needs of the session.

    Attributes:
        connection: Makes one of an open socket.
        greet: Says hello on it. Settles when the service has answered.
        is_connected: Whether there is a connection already.
        refused: Another try would end the same way.
    """

    options: Options
    emitter: Emitter
    connection: Callable[[Socket], Connection]
    greet: Callable[[Connection], Awaitable[None]]
    is_connected: Callable[[], bool]
    refused: Callable[[PubSubError], None]


class Dialer:
    """One per session."""

    def __init__(self, port: DialerPort) -> None:
        self._port = port
        self.attempts = Attempts(port.options.backoff, callable(port.options.token))
        self.last_error: PubSubError | None = None
        """Why there is no connection, as far as is known."""
        self._dialing: asyncio.Task[None] | None = None
        self._opening: Connection | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._is_ended = False

    def dial(self) -> None:
        """Begins with a try, if none is under way."""
        if self._may_dial():
            self._cancel_retry()
            self._dialing = spawn(self._dial())

    def welcomed(self) -> None:
        self._opening = None
        self.last_error = None
        self.attempts.succeeded()

    def dropped(self, error: PubSubError) -> None:
        """A connection that was welcome has ended."""
        self.attempts.dropped()
        if self._dialing is None:
            self._try_again(error)

    def hinted(self, within: float) -> None:
        """The machine has slept; ``within``: seconds for what is being opened to show a sign of life."""
        if self._opening is not None:
            self._opening.suspect(within)
        if not self._may_dial() or self._port.is_connected():
            return
        self.attempts.afresh()
        self._dial_in(self.attempts.spread())

    def end(self) -> None:
        self._is_ended = True
        self._cancel_retry()
        if self._opening is not None:
            self._opening.end(PubSubError("closed"))
        if self._dialing is not None and self._dialing is not asyncio.current_task():
            self._dialing.cancel()

    def _may_dial(self) -> bool:
        return self._dialing is None and not self._is_ended

    async def _dial(self) -> None:
        error: PubSubError | None = None
        try:
            await self._open()
        except PubSubError as thrown:
            error = thrown
        except Exception as cause:
            # Whatever it is, another try comes.
            error = PubSubError("internal", "No connection", cause=without_secrets(cause))
        if error is not None and self._opening is not None:
            self._opening.end(error)
        self._opening = None
        self._dialing = None
        if self._is_ended:
            return
        is_connected = self._port.is_connected()
        if error is not None and self.attempts.failed(error) and not is_connected:
            self._port.refused(error)
        # One that was welcome may have ended while the answers to its first questions were being looked at.
        elif error is not None or not is_connected:
            self._try_again(error or PubSubError("connection_lost"))

    async def _open(self) -> None:
        options = self._port.options
        token = await fresh_token(options.token)
        try:
            socket = await open_socket(
                connect_url(options.url, token, options.echo is not False), options.ssl
            )
        except Exception as error:
            # What is raised may quote the URL.
            raise refusal(error) from None
        self._opening = self._port.connection(socket)
        await self._port.greet(self._opening)

    def _try_again(self, error: PubSubError) -> None:
        if self._is_ended:
            return
        self.last_error = error
        attempt, delay = self.attempts.next_try(error)
        self._port.emitter.emit("retrying", Retrying(attempt, delay, error))
        self._dial_in(delay)

    def _dial_in(self, delay: float) -> None:
        if self._is_ended:
            return
        self._cancel_retry()
        self._retry = asyncio.get_running_loop().call_later(delay, self.dial)

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
