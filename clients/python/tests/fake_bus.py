"""Clients on a fake service."""

from __future__ import annotations

from typing import Any

from artcafe import PubSub
from fake_server import FakeServer


class FakeBus:
    """Clients on a fake service."""

    def __init__(self) -> None:
        self.server = FakeServer()

    def client(self, agent: str, **options: Any) -> PubSub:
        async def token() -> str:
            return agent

        return PubSub("wss://bus", options.pop("token", token), **options)

    async def connected(self, agent: str, **options: Any) -> PubSub:
        client = self.client(agent, **options)
        await client.connect()
        return client
