"""The inbox: messages wait for their handlers, nothing waits behind them, and a new process goes on where the last one was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from artcafe import Gap, MemoryCursor, Message, Position, PubSub
from fake_bus import FakeBus


def up_to(last: int, first: int = 1) -> list[int]:
    return list(range(first, last + 1))


def send(bus: FakeBus, last: int, first: int = 1) -> None:
    """Direct messages to `me`, whose contents count."""
    for content in up_to(last, first):
        bus.server.accept({"id": f"d{content}", "to": "me", "content": content}, "you")


def listen(client: PubSub) -> tuple[list[Any], list[Gap]]:
    contents: list[Any] = []
    gaps: list[Gap] = []
    client.on("gap", gaps.append)
    subscribing = client.inbox.subscribe(lambda message: contents.append(message.content))
    asyncio.ensure_future(subscribing)  # noqa: RUF006
    return contents, gaps


def reports(bus: FakeBus) -> list[int]:
    entries = [entry for ping in bus.server.frames("ping") for entry in ping["channels"]]
    return [entry["handled"]["sequence"] for entry in entries if entry.get("handled")]


@pytest.mark.parametrize("count", [150, 2_500])
async def test_stored_messages_wait_for_a_handler_that_is_registered_late(bus: FakeBus, count: int) -> None:
    send(bus, count)
    client = await bus.connected("me")
    await asyncio.sleep(1.5)
    heard = listen(client)
    await asyncio.sleep(5)
    assert heard == (up_to(count), [])
    await client.close()


async def test_messages_wait_for_a_handler_that_has_left_and_comes_back(bus: FakeBus) -> None:
    client = await bus.connected("me")
    first: list[Any] = []

    async def handler(message: Message) -> None:
        first.append(message.content)
        if message.content == 3:
            await asyncio.Event().wait()

    subscription = await client.inbox.subscribe(handler)
    send(bus, 10)
    await asyncio.sleep(0.1)
    subscription.unsubscribe()
    send(bus, 1_500, 11)
    await asyncio.sleep(1)
    heard = listen(client)
    await asyncio.sleep(5)
    assert first == [1, 2, 3]
    assert heard == (up_to(1_500, 4), [])
    await client.close()


async def test_a_loop_takes_over_what_waits(bus: FakeBus) -> None:
    client = await bus.connected("me")
    send(bus, 3)
    await asyncio.sleep(0.1)
    taken: list[Any] = []
    async for message in client.inbox:
        taken.append(message.content)
        if len(taken) == 3:
            break
    assert taken == [1, 2, 3]
    await client.close()


async def test_only_so_many_wait_in_memory_the_others_are_read_from_the_log(bus: FakeBus) -> None:
    client = await bus.connected("me")
    send(bus, 5_000)
    await asyncio.sleep(5)
    before = len(bus.server.frames("history"))
    contents, _ = listen(client)
    await asyncio.sleep(5)
    assert contents == up_to(5_000)
    assert len(bus.server.frames("history")) - before == 40
    await client.close()


async def test_what_has_expired_meanwhile_is_reported_and_the_rest_comes(bus: FakeBus) -> None:
    client = await bus.connected("me")
    send(bus, 1_500)
    await asyncio.sleep(5)
    del bus.server.log("$inbox/me").rows[:1_100]
    contents, gaps = listen(client)
    await asyncio.sleep(5)
    assert contents == [*up_to(1_000), *up_to(1_500, 1_101)]
    assert gaps == [Gap("$inbox", "expired", 1_001, 1_100)]
    await client.close()


async def test_messages_wait_over_a_cut_connection(bus: FakeBus) -> None:
    client = await bus.connected("me")
    send(bus, 1_500)
    await asyncio.sleep(1)
    bus.server.socket_of("me").drop()
    await asyncio.sleep(0.001)
    heard = listen(client)
    send(bus, 1_600, 1_501)
    await asyncio.sleep(20)
    assert heard == (up_to(1_600), [])
    await client.close()


async def test_replies_do_not_wait_behind_messages_for_a_handler_that_waits_for_a_reply(bus: FakeBus) -> None:
    you = await bus.connected("you")
    you.on_request(lambda content, _: content)
    client = await bus.connected("me")
    answers: list[Any] = []

    async def handler(message: Message) -> None:
        answers.append((await client.agent("you").request(message.content)).content)

    await client.inbox.subscribe(handler)
    send(bus, 1_300)
    await asyncio.sleep(20)
    assert answers == up_to(1_300)
    await client.close()
    await you.close()


async def test_a_new_process_goes_on_where_the_last_one_closed(bus: FakeBus) -> None:
    send(bus, 5)
    first = await bus.connected("me")
    early = listen(first)
    await asyncio.sleep(0.1)
    await first.close()
    send(bus, 7, 6)
    second = await bus.connected("me")
    late = listen(second)
    await asyncio.sleep(1)
    assert (early[0], late[0]) == (up_to(5), [6, 7])
    await second.close()


async def test_after_a_crash_what_was_not_reported_as_handled_comes_again(bus: FakeBus) -> None:
    first = await bus.connected("me")
    handled = 0

    async def handler(_: Message) -> None:
        nonlocal handled
        handled += 1
        if handled == 251:
            await asyncio.Event().wait()

    await first.inbox.subscribe(handler)
    send(bus, 300)
    await asyncio.sleep(1)
    assert reports(bus) == [100, 200]
    bus.server.refuse = 401
    bus.server.socket_of("me").drop()
    await asyncio.sleep(0.1)
    bus.server.refuse = None
    second = await bus.connected("me")
    heard = listen(second)
    await asyncio.sleep(1)
    assert heard == (up_to(300, 201), [])
    await first.close()
    await second.close()


async def test_what_waited_for_a_handler_that_never_came_is_not_reported(bus: FakeBus) -> None:
    first = await bus.connected("me")
    first.on_request(lambda *_: None)
    send(bus, 3_000)
    await asyncio.sleep(1_100)
    # The usual pings, one in nine minutes.
    assert reports(bus) == [0, 0]
    await first.close()
    second = await bus.connected("me")
    heard = listen(second)
    await asyncio.sleep(5)
    assert heard == (up_to(3_000), [])
    await second.close()


async def test_a_request_comes_again_whose_reply_was_not_acknowledged_and_no_other(bus: FakeBus) -> None:
    def request(content: str) -> None:
        bus.server.accept({"id": content, "to": "me", "content": content, "expects_reply": True}, "you")

    first = await bus.connected("me")

    @first.on_request
    async def answer(content: str, _: Message) -> str:
        if content == "slow":
            await asyncio.Event().wait()
        return content

    for content in ("quick", "slow", "quick too"):
        request(content)
    await asyncio.sleep(0.1)
    await first.close()
    assert bus.server.handled["me"] == 1
    asked: list[Any] = []
    second = bus.client("me")
    second.on_request(lambda content, _: asked.append(content))
    await second.connect()
    await asyncio.sleep(0.1)
    assert asked == ["slow", "quick too"]
    await second.close()


async def test_with_a_cursor_goes_on_at_its_position_which_stays_before_what_waits(bus: FakeBus) -> None:
    cursor = MemoryCursor()
    first = await bus.connected("me", cursor=cursor)
    subscription = await first.inbox.subscribe(lambda _: None)
    send(bus, 3)
    await asyncio.sleep(0.1)
    subscription.unsubscribe()
    send(bus, 2_000, 4)
    await asyncio.sleep(5)
    assert cursor.load("$inbox") == Position("epoch-of-$inbox/me", 3)
    await first.close()
    second = await bus.connected("me", cursor=cursor)
    heard = listen(second)
    await asyncio.sleep(5)
    assert heard == (up_to(2_000, 4), [])
    await second.close()


async def test_says_hello_only_when_a_slow_cursor_has_said_where_it_stands(bus: FakeBus) -> None:
    class Slow(MemoryCursor):
        async def load(self, _: str) -> Position:  # type: ignore[override]
            await asyncio.sleep(2)
            return Position("epoch-of-$inbox/me", 3)

    send(bus, 5)
    client = bus.client("me", cursor=Slow())
    contents, _ = listen(client)
    await asyncio.sleep(3)
    assert contents == [4, 5]
    assert len(bus.server.frames("hello")) == 1
    await client.close()
