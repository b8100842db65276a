"""The one place that knows the library ``websockets``, from 10.4 to the newest."""

from __future__ import annotations

import logging
import ssl
from typing import Any, Protocol

from websockets import connect

from .._shared.limits import SUB_PROTOCOL

_OPEN_TIMEOUT = 15.0
# A dead peer is noticed without a frame that is paid for.
_PING_INTERVAL = 25.0
_PING_TIMEOUT = 10.0
_CLOSE_TIMEOUT = 2.0

# The URL holds the token, and `websockets` logs URLs at the level DEBUG.
_logger = logging.getLogger("artcafe.websockets")
_logger.setLevel(logging.WARNING)


class Socket(Protocol):
    """An open WebSocket, as far as the client goes."""

    async def send(self, text: str) -> None: ...

    async def recv(self) -> str | bytes:
        """Raises when the connection is gone."""
        ...

    async def close(self) -> None:
        """With a closing handshake of 2 s at most."""
        ...

    def abort(self) -> None:
        """Without one."""
        ...


class _WebSocket:
    def __init__(self, connection: Any) -> None:
        # Its class differs from release to release, these members do not.
        self._connection = connection

    async def send(self, text: str) -> None:
        await self._connection.send(text)

    async def recv(self) -> str | bytes:
        data: str | bytes = await self._connection.recv()
        return data

    async def close(self) -> None:
        await self._connection.close()

    def abort(self) -> None:
        self._connection.transport.abort()


async def open_socket(url: str, tls: ssl.SSLContext | None) -> Socket:
    """Settles when the socket is open. Raises whatever ``websockets`` and the system raise."""
    options: dict[str, Any] = {} if tls is None else {"ssl": tls}
    connection = await connect(
        url,
        subprotocols=[SUB_PROTOCOL],  # type: ignore[list-item]
        compression=None,
        open_timeout=_OPEN_TIMEOUT,
        ping_interval=_PING_INTERVAL,
        ping_timeout=_PING_TIMEOUT,
        close_timeout=_CLOSE_TIMEOUT,
        logger=_logger,
        **options,
    )
    return _WebSocket(connection)
