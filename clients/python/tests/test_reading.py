"""Reading channels: subscriptions, loops, history, gaps and cursors."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from artcafe import Gap, MemoryCursor, Message, Position, PubSub, PubSubError
from fake_bus import FakeBus
from fake_server import Faults


async def contents_of(client: PubSub, channel: str = "c", **options: Any) -> list[Any]:
    heard: list[Any] = []
    await client.channel(channel).subscribe(lambda message: heard.append(message.content), **options)
    return heard


def gaps_of(client: PubSub) -> list[Gap]:
    gaps: list[Gap] = []
    client.on("gap", gaps.append)
    return gaps


async def test_begins_with_what_is_new_or_after_a_position(bus: FakeBus) -> None:
    for content in (1, 2, 3):
        bus.server.publish("c", content)
    client = await bus.connected("a")
    heard = await contents_of(client, since=Position("epoch-of-c", 1))
    await asyncio.sleep(0.1)
    assert heard == [2, 3]
    with pytest.raises(PubSubError, match="has a reader already"):
        await client.channel("c").subscribe(print, since=Position("epoch-of-c", 1))
    other = await contents_of(client)
    bus.server.publish("c", 4)
    await asyncio.sleep(0.1)
    assert (heard, other) == ([2, 3, 4], [4])
    await client.close()


async def test_several_handlers_are_one_subscription_which_ends_with_the_last(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard: list[Any] = []
    channel = client.channel("c")
    first = await channel.subscribe(lambda message: heard.append(("first", message.content)))
    second = await channel.subscribe(lambda message: heard.append(("second", message.content)))
    assert len(bus.server.frames("subscribe")) == 1
    first.unsubscribe()
    bus.server.publish("c", 1)
    await asyncio.sleep(0.1)
    second.unsubscribe()
    second.unsubscribe()
    await asyncio.sleep(0.1)
    assert heard == [("second", 1)]
    assert len(bus.server.frames("unsubscribe")) == 1
    assert await contents_of(client) == []
    await client.close()


async def test_channels_that_come_and_go_leave_nothing_in_memory(bus: FakeBus) -> None:
    client = await bus.connected("a")

    async def futures_after(times: int) -> int:
        for _ in range(times):
            (await client.channel("c").subscribe(print)).unsubscribe()
        # Until the last timer of what was asked is over.
        await asyncio.sleep(60)
        gc.collect()
        return sum(isinstance(each, asyncio.Future) for each in gc.get_objects())

    before = await futures_after(10)
    assert await futures_after(100) <= before + 5
    await client.close()


async def test_a_channel_that_the_token_does_not_allow_raises(bus: FakeBus) -> None:
    bus.server.forbidden.add("c")
    client = bus.client("a")
    for _ in range(2):
        with pytest.raises(PubSubError) as refused:
            await client.channel("c").subscribe(print)
        assert refused.value.code == "forbidden"
        await client.connect()
    assert bus.server.frames("unsubscribe") == []
    await client.close()


async def test_a_slow_handler_gets_one_message_at_a_time_and_delays_nothing_else(bus: FakeBus) -> None:
    client = await bus.connected("a")
    seen: list[Any] = []

    async def slow(message: Message) -> None:
        seen.append(("begin", message.content))
        await asyncio.sleep(10)
        seen.append(("end", message.content))

    await client.channel("c").subscribe(slow)
    quick = await contents_of(client)
    await client.channel("c").publish(1)
    await client.channel("c").publish(2)
    await asyncio.sleep(15)
    assert quick == [1, 2]
    assert seen == [("begin", 1), ("end", 1), ("begin", 2)]
    await asyncio.sleep(15)
    await client.close()


@pytest.mark.parametrize(
    ("error", "told"),
    [(ValueError("mine"), "mine"), (asyncio.CancelledError(), "The handler was cancelled")],
)
async def test_a_handler_that_raises_is_told_about_and_gets_the_next(
    bus: FakeBus, error: BaseException, told: str
) -> None:
    client = await bus.connected("a")
    errors: list[Any] = []
    heard: list[Any] = []
    client.on("error", errors.append)

    async def handler(message: Message) -> None:
        heard.append(message.content)
        raise error

    await client.channel("c").subscribe(handler)
    bus.server.publish("c", 1)
    bus.server.publish("c", 2)
    await asyncio.sleep(0.1)
    assert (heard, [str(each) for each in errors]) == ([1, 2], [told, told])
    await client.close()


async def test_an_error_is_logged_when_nobody_listens(bus: FakeBus, caplog: pytest.LogCaptureFixture) -> None:
    client = await bus.connected("a")

    def handler(_: Message) -> None:
        raise ValueError("mine")

    await client.channel("c").subscribe(handler)
    bus.server.publish("c", 1)
    await asyncio.sleep(0.1)
    assert [record.getMessage() for record in caplog.records] == ["mine"]
    await client.close()


async def test_a_loop_that_is_much_too_slow_costs_bounded_memory_and_loses_nothing(bus: FakeBus) -> None:
    client = await bus.connected("a")
    loop = client.channel("c").messages()
    first = asyncio.ensure_future(loop.__anext__())
    await asyncio.sleep(0.1)
    for content in range(5_000):
        bus.server.publish("c", content)
    await asyncio.sleep(100)
    assert len(bus.server.frames("history")) <= 1
    heard = [(await first).content]
    async for message in loop:
        heard.append(message.content)
        if len(heard) == 5_000:
            break
    assert heard == list(range(5_000))
    assert len(bus.server.frames("history")) > 0
    await loop.aclose()
    await asyncio.sleep(0.1)
    assert len(bus.server.frames("unsubscribe")) == 1
    await client.close()


async def test_leaving_a_loop_unsubscribes(bus: FakeBus) -> None:
    client = await bus.connected("a")

    async def read_one() -> Any:
        async for message in client.channel("c"):
            return message.content
        return None

    reading = asyncio.create_task(read_one())
    await asyncio.sleep(0.1)
    bus.server.publish("c", 1)
    assert await reading == 1
    await asyncio.sleep(0.1)
    assert len(bus.server.frames("unsubscribe")) == 1
    await client.close()


async def test_cancelling_a_loop_unsubscribes_and_nothing_else(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard = await contents_of(client, "d")

    async def read() -> None:
        async for _ in client.channel("c"):
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    reading.cancel()
    await asyncio.wait({reading})
    bus.server.publish("d", 1)
    await asyncio.sleep(0.1)
    assert heard == [1]
    assert [frame["channel_id"] for frame in bus.server.frames("unsubscribe")] == ["c"]
    await client.close()


async def test_a_message_whose_live_copy_got_lost_is_noticed_by_the_ping(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard = await contents_of(client)
    bus.server.faults = Faults(loses_post=lambda: True)
    bus.server.publish("c", "lost")
    bus.server.faults = Faults()
    await asyncio.sleep(538)
    assert heard == []
    await asyncio.sleep(5)
    assert heard == ["lost"]
    await client.close()


async def test_own_messages_are_not_heard_when_echo_is_off(bus: FakeBus) -> None:
    client = await bus.connected("a", echo=False)
    assert bus.server.socket_of("a").url.endswith("&echo=false")
    heard = await contents_of(client)
    for content in range(3):
        await client.channel("c").publish(content)
    bus.server.publish("c", "other")
    await client.channel("c").publish("with echo", echo=True)
    await asyncio.sleep(1)
    assert heard == ["other", "with echo"]
    assert bus.server.frames("history") == []
    bus.server.socket_of("a").drop()
    await asyncio.sleep(5)
    assert heard == ["other", "with echo"]
    await client.close()


async def test_ephemeral_messages_are_heard_once_though_they_come_twice(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard: list[Any] = []
    await client.channel("c").subscribe(lambda message: heard.append((message.content, message.sequence)))
    bus.server.faults = Faults(doubles_post=lambda: True)
    assert (await client.channel("c").publish("now", ephemeral=True)).sequence is None
    await asyncio.sleep(0.1)
    assert heard == [("now", None)]
    await client.close()


@pytest.mark.parametrize("reason", ["expired", "epoch_changed"])
async def test_what_can_not_be_had_any_more_is_told_and_reading_goes_on(bus: FakeBus, reason: str) -> None:
    client = await bus.connected("a")
    heard = await contents_of(client)
    gaps = gaps_of(client)
    bus.server.publish("c", 1)
    await asyncio.sleep(0.01)
    bus.server.socket_of("a").drop()
    log = bus.server.log("c")
    for content in (2, 3, 4):
        bus.server.publish("c", content)
    if reason == "expired":
        del log.rows[:3]
    else:
        log.epoch = "new"
        log.rows.clear()
        bus.server.publish("c", "first of the new epoch")
    await asyncio.sleep(5)
    bus.server.publish("c", 5)
    await asyncio.sleep(0.1)
    assert [(gap.channel_id, gap.reason) for gap in gaps] == [("c", reason)]
    assert gaps[0].after == Position("epoch-of-c", 1)
    assert heard[-1] == 5
    await client.close()


async def test_without_the_grant_for_the_log_a_hole_is_waited_for_and_then_told(bus: FakeBus) -> None:
    def script(frame: Any, _: Any) -> Any:
        if frame["type"] == "history":
            return {"type": "ERROR", "code": "forbidden", "error": "no grant"}
        if frame["type"] != "subscribe" or "since" not in frame:
            return None
        head = {"epoch": "epoch-of-c", "sequence": 2}
        refusal = {"recovered": False, "reason": "forbidden"}
        return {"type": "SUBSCRIBED", "channel_id": "c", **head, **refusal}

    bus.server.script = script
    client = await bus.connected("a")
    heard = await contents_of(client)
    gaps = gaps_of(client)
    bus.server.faults = Faults(loses_post=lambda: True)
    bus.server.publish("c", "lost")
    bus.server.faults = Faults()
    bus.server.publish("c", "here")
    await asyncio.sleep(20)
    assert heard == ["here"]
    assert [gap.reason for gap in gaps] == ["forbidden"]
    await client.close()


async def test_a_cursor_moves_behind_what_is_handled_and_a_new_client_goes_on_there(bus: FakeBus) -> None:
    cursor = MemoryCursor()
    first = await bus.connected("a", cursor=cursor)
    heard: list[Any] = []

    async def handler(message: Message) -> None:
        heard.append(message.content)
        if message.content == 2:
            await asyncio.Event().wait()

    await first.channel("c").subscribe(handler)
    for content in (1, 2, 3):
        bus.server.publish("c", content)
    await asyncio.sleep(0.1)
    assert cursor.load("c") == Position("epoch-of-c", 1)
    await first.close()
    bus.server.publish("c", 4)
    second = await bus.connected("a", cursor=cursor)
    again = await contents_of(second)
    await asyncio.sleep(0.1)
    assert (heard, again) == ([1, 2], [2, 3, 4])
    await second.close()


async def test_a_cursor_that_fails_is_told_and_messages_come_all_the_same(bus: FakeBus) -> None:
    class Broken:
        def load(self, _: str) -> Position | None:
            raise OSError("no disk")

        async def save(self, _: str, __: Position) -> None:
            raise OSError("full disk")

    client = bus.client("a", cursor=Broken())
    errors: list[Any] = []
    client.on("error", lambda error: errors.append(str(error)))
    gaps = gaps_of(client)
    heard = await contents_of(client)
    for content in range(3):
        bus.server.publish("c", content)
        await asyncio.sleep(0.1)
    assert heard == [0, 1, 2]
    assert sorted(errors) == ["full disk", "full disk", "no disk", "no disk"]
    assert [(gap.channel_id, gap.reason) for gap in gaps] == [
        ("$inbox", "position_lost"),
        ("c", "position_lost"),
    ]
    await client.close()


async def test_a_cursor_that_is_cancelled_is_told_and_asked_again(bus: FakeBus) -> None:
    saved: list[int] = []

    class Cancelled:
        async def load(self, _: str) -> Position | None:
            raise asyncio.CancelledError

        async def save(self, name: str, position: Position) -> None:
            if name == "c":
                saved.append(position.sequence)
                if len(saved) == 1:
                    raise asyncio.CancelledError

    client = bus.client("a", cursor=Cancelled())
    errors: list[Any] = []
    client.on("error", lambda error: errors.append(str(error)))
    heard = await contents_of(client)
    for content in range(3):
        bus.server.publish("c", content)
        await asyncio.sleep(0.1)
    assert (heard, saved) == ([0, 1, 2], [0, 1, 2, 3])
    assert errors == ["The cursor was cancelled"] * 3
    await client.close()


async def test_history_is_read_from_both_ends_page_by_page(bus: FakeBus) -> None:
    for content in range(1, 2_501):
        bus.server.publish("c", content)
    client = bus.client("a")
    channel = client.channel("c")
    newest = [message.content async for message in channel.history(limit=3)]
    everything = [message.content async for message in channel.history()]
    oldest = [message.content async for message in channel.history(after=Position("epoch-of-c", 10))]
    before = [message.content async for message in channel.history(before=Position("epoch-of-c", 3))]
    assert newest == [2_500, 2_499, 2_498]
    assert everything == list(range(2_500, 0, -1))
    assert oldest == list(range(11, 2_501))
    assert before == [2, 1]
    with pytest.raises(PubSubError) as gone:
        _ = [message async for message in channel.history(after=Position("another", 1))]
    assert gone.value.code == "not_recoverable"
    await client.close()


async def test_history_goes_on_over_a_drop_and_ends_without_a_service(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.publish("c", 1)
    bus.server.socket_of("a").drop()
    assert [message.content async for message in client.channel("c").history()] == [1]
    bus.server.refuse = 503
    bus.server.socket_of("a").drop()
    began = asyncio.get_running_loop().time()
    with pytest.raises(PubSubError, match="No answer") as late:
        _ = [message async for message in client.channel("c").history()]
    assert late.value.code == "timeout"
    assert asyncio.get_running_loop().time() - began == pytest.approx(60, abs=1)
    await client.close()


async def test_the_parts_of_a_history_may_overtake_each_other_and_come_twice(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: "silence" if frame["type"] == "history" else None

    async def read() -> list[Any]:
        return [message.content async for message in client.channel("c").history()]

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    id = bus.server.frames("history")[0]["id"]

    def part(number: int, is_last: bool) -> dict[str, Any]:
        message = {"id": str(number), "type": "message", "content": number, "epoch": "e", "sequence": number}
        answer = {"type": "HISTORY", "message_id": id, "channel_id": "c", "epoch": "e", "sequence": 3}
        return {**answer, "part": number, "last": is_last, "messages": [message]}

    socket = bus.server.socket_of("a")
    for frame in (part(3, True), part(1, False), part(1, False), part(2, False)):
        socket.post(frame)
    assert await reading == [3, 2, 1]
    await client.close()


async def test_follows_more_channels_than_one_hello_or_ping_can_name(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard: list[Any] = []
    for number in range(130):
        await client.channel(f"c{number}").subscribe(lambda message: heard.append(message.content))
    bus.server.socket_of("a").drop()
    await asyncio.sleep(5)
    for number in range(130):
        bus.server.publish(f"c{number}", number)
    await asyncio.sleep(600)
    assert heard == list(range(130))
    assert max(len(frame["resume"]) for frame in bus.server.frames("hello")) == 100
    assert max(len(frame["channels"]) for frame in bus.server.frames("ping")) == 20
    await client.close()


@pytest.mark.parametrize("seconds", [0.0, 0.05])
async def test_a_handler_that_unsubscribes_in_a_hole_does_not_change_the_order(
    bus: FakeBus, seconds: float
) -> None:
    client = await bus.connected("a")

    def leave(_: Message) -> None:
        subscription.unsubscribe()

    subscription = await client.channel("c").subscribe(leave)
    heard = await contents_of(client)
    # The first copy is lost, or overtaken by the others.
    bus.server.faults = Faults(loses_post=lambda: seconds == 0, delay=lambda: seconds)
    bus.server.publish("c", 1)
    bus.server.faults = Faults()
    bus.server.publish("c", 2)
    bus.server.publish("c", 3)
    await asyncio.sleep(5)
    assert heard == [1, 2, 3]
    await client.close()


async def test_a_handler_that_removes_another_one_leaves_the_position_free(bus: FakeBus) -> None:
    cursor = MemoryCursor()
    client = await bus.connected("a", cursor=cursor)

    def remove(_: Message) -> None:
        subscription.unsubscribe()

    await client.channel("c").subscribe(remove)
    subscription = await client.channel("c").subscribe(lambda _: None)
    for content in range(3):
        bus.server.publish("c", content)
    await asyncio.sleep(1)
    assert cursor.load("c") == Position("epoch-of-c", 3)
    await client.close()


@pytest.mark.parametrize("after", [None, Position("epoch-of-c", 0)])
async def test_history_ends_when_the_client_is_closed(bus: FakeBus, after: Position | None) -> None:
    for content in range(10):
        bus.server.publish("c", content)
    client = await bus.connected("a")
    heard: list[Any] = []

    async def read() -> None:
        async for message in client.channel("c").history(after=after):
            heard.append(message.content)
            if len(heard) == 3:
                await client.close()

    with pytest.raises(PubSubError) as closed:
        await read()
    assert (closed.value.code, len(heard)) == ("closed", 3)
