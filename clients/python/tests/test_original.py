"""The original client's class, by one import."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from artcafe import PubSubError
from artcafe.original import ArtCafeWebSocketClient
from fake_bus import FakeBus


async def connected(name: str, channel: str | None = None) -> tuple[ArtCafeWebSocketClient, list[Any]]:
    client = ArtCafeWebSocketClient("wss://bus", name, channel)
    heard: list[Any] = []

    async def hear(message: Any) -> None:
        heard.append(message)

    assert client.on_message(hear) is client
    assert await client.connect() is True
    return client, heard


async def test_messages_have_the_names_of_the_wire(bus: FakeBus) -> None:
    alice, heard = await connected("alice", "lobby")
    ack = await alice.send_message("Hello, world!", {"importance": "high"})
    assert (ack["type"], ack["status"], ack["sequence"]) == ("ACK", "accepted", 1)
    bus.server.publish("lobby", "hi", own=1)
    await asyncio.sleep(0.1)
    assert [message["content"] for message in heard] == ["Hello, world!", "hi"]
    assert heard[0] == {
        "id": ack["message_id"],
        "type": "message",
        "content": "Hello, world!",
        "tenant_id": "t",
        "agent_id": "alice",
        "channel_id": "lobby",
        "timestamp": ack["timestamp"],
        "metadata": {"importance": "high"},
    }
    assert heard[1]["own"] == 1
    await alice.disconnect()


async def test_without_a_channel_metadata_names_an_agent(bus: FakeBus) -> None:
    alice, _ = await connected("alice")
    bob, heard = await connected("bob")
    await alice.send_message("psst", {"to": "bob"})
    await asyncio.sleep(0.1)
    assert [(message["content"], "channel_id" in message) for message in heard] == [("psst", False)]
    with pytest.raises(PubSubError, match="has to name an agent"):
        await alice.send_message("psst")
    await alice.disconnect()
    await bob.disconnect()


async def test_a_handler_may_answer_and_wait_for_the_ack(bus: FakeBus) -> None:
    client = ArtCafeWebSocketClient("wss://bus", "a", "lobby")
    acks: list[Any] = []

    async def answer(message: Any) -> None:
        if message["content"] == "ping":
            acks.append(await client.send_message("pong"))

    client.on_message(answer)
    await client.connect()
    await client.send_message("ping")
    await asyncio.sleep(0.1)
    assert [ack["sequence"] for ack in acks] == [2]
    await client.disconnect()


async def test_stays_away_after_disconnect_and_says_so(bus: FakeBus) -> None:
    client, _ = await connected("a", "lobby")
    await client.disconnect()
    await asyncio.sleep(100)
    assert bus.server.handshakes == 1
    with pytest.raises(PubSubError, match="not connected"):
        await client.send_message("x")
    await client.connect()
    await client.send_message("x")
    await client.disconnect()


async def test_a_refused_token_is_told(bus: FakeBus) -> None:
    bus.server.refuse = 401
    client = ArtCafeWebSocketClient("wss://bus", "a", "lobby")
    with pytest.raises(PubSubError) as refused:
        await client.connect()
    assert refused.value.code == "unauthorized"
