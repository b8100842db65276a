"""Own messages of a channel with a reader: the client makes its copy itself when the message is acknowledged."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from artcafe import Message, Position, PubSub
from artcafe.messages import Receipt, copy_of, time_in
from fake_bus import FakeBus
from fake_server import Faults


async def heard_of(client: PubSub) -> list[Message]:
    heard: list[Message] = []
    await client.channel("c").subscribe(heard.append)
    return heard


def fields_of(messages: list[Message]) -> list[dict[str, Any]]:
    """Whether they come from the log or not."""
    names = Message.__dataclass_fields__
    return [{name: getattr(replace(message, replayed=True), name) for name in names} for message in messages]


async def log_of(bus: FakeBus) -> list[Message]:
    reader = await bus.connected("reader")
    start = Position(bus.server.log("c").epoch, 0)
    messages = [message async for message in reader.channel("c").history(after=start)]
    await reader.close()
    return messages


async def test_the_copy_is_that_of_the_log_whatever_the_message_holds(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard = await heard_of(client)
    content = {"list": [1, None, {"deep": "x"}]}
    await client.channel("c").publish(
        content,
        metadata={"mood": "good"},
        type="chat.line",
        correlation_id="c1",
        in_reply_to="r1",
        traceparent="t1",
        extra={"own": 1, "tenant_id": "forged", "expires_at": "never"},
    )
    content["list"].append("changed after the publish")
    await client.channel("c").publish(None)
    await asyncio.sleep(0.1)
    assert [frame["echo"] for frame in bus.server.frames() if "content" in frame] == [False, False]
    assert fields_of(heard) == fields_of(await log_of(bus))
    assert [(message.tenant_id, message.sequence) for message in heard] == [("t", 1), ("t", 2)]
    assert not heard[0].replayed
    await client.close()


@pytest.mark.parametrize(
    ("sent", "copied"),
    [
        ("1.0", "1"),
        ("-0.0", "0"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("0.1", "0.1"),
        ("9007199254740993", "9007199254740992"),
        ("12345678901234567890", "12345678901234567000"),
    ],
)
def test_numbers_are_those_of_the_service(sent: str, copied: str) -> None:
    time = time_in("2026-11-24T18:00:00.000Z")
    assert time is not None
    receipt = Receipt("m", 1, "e", time, "accepted")
    assert repr(copy_of(f'{{"id":"m","content":{sent}}}', receipt, "t", "a").content) == copied


async def test_the_echo_of_one_message_can_be_chosen(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard = await heard_of(client)
    await client.channel("c").publish("local", echo=True)
    await client.channel("c").publish("server", echo="server")
    await client.channel("c").publish("none", echo=False)
    await client.channel("without a reader".replace(" ", "-")).publish("default")
    await asyncio.sleep(0.1)
    frames = bus.server.frames("message")
    assert [frame.get("echo") for frame in frames] == [False, True, False, None]
    assert [message.content for message in heard] == ["local", "server"]
    await client.close()


async def test_a_cancelled_publish_that_was_sent_is_heard_all_the_same(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard = await heard_of(client)
    publishing = asyncio.create_task(client.channel("c").publish("own"))
    await asyncio.sleep(0)
    publishing.cancel()
    await asyncio.sleep(1)
    assert [message.content for message in heard] == ["own"]
    await client.close()


@pytest.mark.parametrize("seed", range(15))
async def test_a_cut_between_publish_and_ack_shows_each_message_once(bus: FakeBus, seed: int) -> None:
    dice = random.Random(seed)
    client = await bus.connected("a")
    heard = await heard_of(client)
    longest = dice.random() * 0.4
    bus.server.faults = Faults(delay=lambda: 0.001 + dice.random() * longest)
    loop = asyncio.get_running_loop()
    for _ in range(1 + dice.randrange(6)):
        loop.call_later(dice.random() * 3, lambda: bus.server.sockets and bus.server.sockets[0].drop())
    publishing = []
    for count in range(30):
        publishing.append(asyncio.create_task(client.channel("c").publish({"count": count})))
        if count % 3 == 0:
            bus.server.publish("c", "other")
        await asyncio.sleep(0.1)
    bus.server.faults = Faults()
    await asyncio.gather(*publishing)
    # Every hole is known after a ping.
    await asyncio.sleep(700)
    assert fields_of(heard) == fields_of(await log_of(bus))
    await client.close()
