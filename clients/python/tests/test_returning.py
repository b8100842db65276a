"""Handlers that leave a channel and come back, at any moment and with any cursor: nothing is lost, and a gap comes once."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import pytest

from artcafe import Gap, MemoryCursor, Message, Position, PubSub, Subscription
from fake_bus import FakeBus
from fake_server import Faults

RUNS = int(os.environ.get("RUNS", "40"))


def place(sequence: int) -> Position:
    return Position("epoch-of-c", sequence)


def gaps_of(client: PubSub) -> list[Gap]:
    gaps: list[Gap] = []
    client.on("gap", gaps.append)
    return gaps


class SlowCursor:
    """Saves only when it is let. Notes what was saved, and whether two saves of a channel were under way at once."""

    def __init__(self) -> None:
        self.saved: dict[str, list[int]] = {}
        self.is_free = asyncio.Event()
        self.most_at_once = 0
        self._under_way = 0

    def load(self, channel_id: str) -> Position | None:
        saved = self.saved.get(channel_id)
        return place(saved[-1]) if channel_id == "c" and saved else None

    async def save(self, channel_id: str, position: Position) -> None:
        if channel_id != "c":
            return
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        await self.is_free.wait()
        self.saved.setdefault(channel_id, []).append(position.sequence)
        self._under_way -= 1


class FullCursor:
    """``load``: what it gives, or raises."""

    def __init__(self, load: Position | Exception | None = None) -> None:
        self._load = load

    def load(self, channel_id: str) -> Position | None:
        if channel_id == "c" and isinstance(self._load, Exception):
            raise self._load
        return self._load if channel_id == "c" and isinstance(self._load, Position) else None

    def save(self, channel_id: str, _: Position) -> None:
        if channel_id == "c":
            raise OSError("full disk")


async def returned_during_hello(
    bus: FakeBus, since: Position | None, client: PubSub, first: Any
) -> list[Any]:
    """Leaves and returns while the `hello` of the next connection is on its way."""
    subscription: Subscription = await client.channel("c").subscribe(first)
    for content in (1, 2, 3):
        bus.server.publish("c", content)
    await asyncio.sleep(0.1)
    said = len(bus.server.frames("hello"))
    bus.server.socket_of("a").drop()
    while len(bus.server.frames("hello")) == said:
        await asyncio.sleep(0.0005)
    subscription.unsubscribe()
    heard: list[Any] = []
    await client.channel("c").subscribe(lambda message: heard.append(message.content), since=since)
    await asyncio.sleep(10)
    return heard


async def test_who_returns_during_a_hello_goes_on_where_the_cursor_stands(bus: FakeBus) -> None:
    client = await bus.connected("a")

    async def stuck(message: Message) -> None:
        if message.content == 2:
            await asyncio.Event().wait()

    assert await returned_during_hello(bus, None, client, stuck) == [2, 3]
    await client.close()


async def test_who_returns_during_a_hello_with_a_position_begins_there(bus: FakeBus) -> None:
    client = await bus.connected("a")
    assert await returned_during_hello(bus, place(0), client, lambda _: None) == [1, 2, 3]
    await client.close()


async def test_who_returns_while_the_storage_is_full_misses_nothing(bus: FakeBus) -> None:
    client = await bus.connected("a", cursor=FullCursor())
    client.on("error", lambda _: None)
    heard: list[Any] = []
    subscription = await client.channel("c").subscribe(lambda message: heard.append(message.content))
    bus.server.publish("c", 1)
    await asyncio.sleep(0.1)
    subscription.unsubscribe()
    bus.server.publish("c", 2)
    await asyncio.sleep(0.1)
    await client.channel("c").subscribe(lambda message: heard.append(message.content))
    await asyncio.sleep(1)
    assert heard == [1, 2]
    await client.close()


async def test_who_returns_while_a_save_is_blocked_gets_each_message_once(bus: FakeBus) -> None:
    cursor = SlowCursor()
    client = await bus.connected("a", cursor=cursor)
    heard: list[Any] = []
    for content in range(5):
        subscription = await client.channel("c").subscribe(lambda message: heard.append(message.content))
        bus.server.publish("c", content)
        await asyncio.sleep(0.1)
        subscription.unsubscribe()
        await asyncio.sleep(0.1)
    cursor.is_free.set()
    await asyncio.sleep(1)
    await client.close()
    assert heard == list(range(5))
    assert cursor.most_at_once == 1
    assert cursor.saved["c"] == sorted(cursor.saved["c"])
    assert cursor.saved["c"][-1] == 5


async def test_a_position_that_is_lost_is_a_gap_once_however_often_a_handler_returns(bus: FakeBus) -> None:
    client = await bus.connected("a", cursor=FullCursor(OSError("no disk")))
    client.on("error", lambda _: None)
    gaps = gaps_of(client)
    heard: list[Any] = []
    for content in range(3):
        subscription = await client.channel("c").subscribe(lambda message: heard.append(message.content))
        bus.server.publish("c", content)
        await asyncio.sleep(0.1)
        subscription.unsubscribe()
        await asyncio.sleep(0.1)
    assert [(gap.channel_id, gap.reason) for gap in gaps] == [("c", "position_lost")]
    assert heard == [0, 1, 2]
    await client.close()


async def test_a_handler_that_ends_its_work_after_another_has_come_does_not_move_the_position_back(
    bus: FakeBus,
) -> None:
    cursor = MemoryCursor()
    client = await bus.connected("a", cursor=cursor)
    may_end = asyncio.Event()

    async def slow(_: Message) -> None:
        await may_end.wait()

    subscription = await client.channel("c").subscribe(slow)
    bus.server.publish("c", 1)
    await asyncio.sleep(0.1)
    subscription.unsubscribe()
    heard: list[Any] = []
    await client.channel("c").subscribe(lambda message: heard.append(message.content))
    bus.server.publish("c", 2)
    await asyncio.sleep(1)
    assert cursor.load("c") == place(2)
    may_end.set()
    await asyncio.sleep(1)
    assert cursor.load("c") == place(2)
    assert heard == [1, 2]
    await client.close()


async def test_an_answer_for_a_handler_that_has_left_is_no_gap_and_moves_no_position(bus: FakeBus) -> None:
    cursor = MemoryCursor()
    cursor.save("c", Position("another epoch", 7))
    client = await bus.connected("a", cursor=cursor)
    gaps = gaps_of(client)
    bus.server.publish("c", 1)
    leaving = asyncio.create_task(client.channel("c").subscribe(print))
    while not bus.server.frames("subscribe"):
        await asyncio.sleep(0.0005)
    leaving.cancel()
    await asyncio.sleep(1)
    assert (gaps, cursor.load("c")) == ([], Position("another epoch", 7))
    await client.channel("c").subscribe(print)
    await asyncio.sleep(1)
    assert [gap.reason for gap in gaps] == ["epoch_changed"]
    await client.close()


class WildCursor:
    """Slow, full and whole by turns."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._places: dict[str, Position] = {}
        self._busy: set[str] = set()

    async def load(self, channel_id: str) -> Position | None:
        await asyncio.sleep(self._dice.random())
        return self._places.get(channel_id)

    async def save(self, channel_id: str, position: Position) -> None:
        assert channel_id not in self._busy
        self._busy.add(channel_id)
        try:
            await asyncio.sleep(self._dice.choice([0, 0.01, 3]))
            if self._dice.random() < 0.4:
                raise OSError("full disk")
            assert self._places.get(channel_id, position).sequence <= position.sequence
            self._places[channel_id] = position
        finally:
            self._busy.discard(channel_id)


@pytest.mark.parametrize("seed", range(RUNS))
async def test_whoever_leaves_and_returns_at_any_moment_gets_each_message_once_and_in_order(
    bus: FakeBus, seed: int
) -> None:
    dice = random.Random(seed)
    server = bus.server
    client = await bus.connected("a", cursor=WildCursor(dice))
    errors: list[Any] = []
    client.on("error", errors.append)
    gaps = gaps_of(client)
    heard: list[Any] = []
    first = await client.channel("c").subscribe(lambda message: heard.append(message.content))
    loop = asyncio.get_running_loop()
    most_delay = dice.random()
    server.faults.delay = lambda: 0.001 + dice.random() * most_delay
    server.faults.loses_post = lambda: dice.random() < 0.2
    for _ in range(6):
        loop.call_later(dice.random() * 20, lambda: server.sockets and server.sockets[0].drop())
    for content in range(40):
        loop.call_later(content / 2, server.publish, "c", content)

    async def come_and_go(subscription: Subscription) -> None:
        while loop.time() < began + 20:
            await asyncio.sleep(dice.random() * 2)
            subscription.unsubscribe()
            await asyncio.sleep(dice.choice([0, 0, dice.random()]))
            subscription = await client.channel("c").subscribe(lambda message: heard.append(message.content))

    began = loop.time()
    await come_and_go(first)
    server.faults = Faults()
    await asyncio.sleep(700)
    assert (heard, gaps) == (list(range(40)), [])
    assert {str(error) for error in errors} <= {"full disk"}
    await client.close()
