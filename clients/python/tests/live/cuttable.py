"""Sockets that a test can cut, and that can lose what they hear: as a bad network does, on the client's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from artcafe._connection import dialer
from artcafe._connection import socket as sockets
from artcafe._connection.socket import Socket

_open_socket = sockets.open_socket
_GOING_AWAY = 1_001


class Cuttable:
    """Makes the sockets of the clients of one network; `loses_text` is asked for every text that comes in."""

    def __init__(self, loses_text: Callable[[], bool] = lambda: False) -> None:
        self.loses_text = loses_text
        self.open: list[_CuttableSocket] = []
        self.closed_by_peer = 0
        self.is_down = False

    async def open_socket(self, url: str, tls: Any) -> Socket:
        if self.is_down:
            raise OSError("The process is not there any more")
        socket = _CuttableSocket(self, await _open_socket(url, tls))
        self.open.append(socket)
        return socket

    def cut(self, index: int = 0) -> None:
        """Drops one connection without a closing handshake."""
        if index < len(self.open):
            self.open[index].abort()


class _CuttableSocket:
    def __init__(self, network: Cuttable, socket: Socket) -> None:
        self._network = network
        self._socket = socket

    async def send(self, text: str) -> None:
        await self._socket.send(text)

    async def recv(self) -> str | bytes:
        try:
            text = await self._socket.recv()
            while self._network.loses_text():
                text = await self._socket.recv()
        except Exception as error:
            self._gone()
            close = getattr(error, "rcvd", None)
            if close is not None and close.code == _GOING_AWAY:
                self._network.closed_by_peer += 1
            raise
        return text

    async def close(self) -> None:
        self._gone()
        await self._socket.close()

    def abort(self) -> None:
        self._gone()
        self._socket.abort()

    def _gone(self) -> None:
        if self in self._network.open:
            self._network.open.remove(self)


networks: dict[str, Cuttable] = {}


async def _open_in_network(url: str, tls: Any) -> Socket:
    """The network of a client stands in its URL, behind the host's name."""
    name = next((name for name in networks if f"/{name}/" in url), None)
    if name is None:
        return await _open_socket(url, tls)
    return await networks[name].open_socket(url.replace(f"/{name}/", "/"), tls)


dialer.open_socket = _open_in_network
