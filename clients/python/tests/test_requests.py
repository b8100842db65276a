"""Requests between agents of which one comes late, goes away, is twice, or fails."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from artcafe import Message, PubSub, PubSubError, RequestError
from fake_bus import FakeBus
from fake_server import Faults


async def outcome(client: PubSub, content: Any = "?", to: str = "bob", **options: Any) -> tuple[Any, float]:
    """How the request ends, and after how many seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        result: Any = (await client.agent(to).request(content, **options)).content
    except PubSubError as error:
        result = error.code
    return result, round(loop.time() - began, 3)


def requests_of(bus: FakeBus) -> list[dict[str, Any]]:
    return [frame for frame in bus.server.frames("message") if frame.get("expects_reply")]


async def pair(bus: FakeBus, **options: Any) -> tuple[PubSub, PubSub]:
    return await bus.connected("alice"), await bus.connected("bob", **options)


@pytest.mark.parametrize("timeout", [0, -1, math.nan, -math.inf, 2_073_601, "5", None, True])
async def test_an_odd_timeout_is_refused_and_nothing_is_sent(bus: FakeBus, timeout: Any) -> None:
    alice, bob = await pair(bus)
    assert (await outcome(alice, timeout=timeout))[0] == "invalid_message"
    assert requests_of(bus) == []
    await alice.close()
    await bob.close()


@pytest.mark.parametrize(
    ("options", "on_the_wire"),
    [
        ({}, 30_000),
        ({"timeout": 0.0102}, 11),
        ({"timeout": 2_073_600}, 2_073_600_000),
        ({"timeout": math.inf}, None),
    ],
)
async def test_the_timeout_on_the_wire_is_in_milliseconds(
    bus: FakeBus, options: dict[str, float], on_the_wire: int | None
) -> None:
    alice, bob = await pair(bus)
    bob.on_request(lambda *_: "here")
    assert (await outcome(alice, **options))[0] == "here"
    [request] = requests_of(bus)
    assert request.get("timeout_ms") == on_the_wire
    assert request["correlation_id"] == request["id"]
    assert bus.server.frames("reply")[0]["in_reply_to"] == request["id"]
    await alice.close()
    await bob.close()


async def test_an_answer_may_take_long(bus: FakeBus) -> None:
    alice, bob = await pair(bus)

    @bob.on_request
    async def slow(content: Any, message: Message) -> Any:
        await asyncio.sleep(3_600)
        return content, message.agent_id

    assert await outcome(alice, "x", timeout=math.inf) == (["x", "alice"], pytest.approx(3_600, abs=1))
    await alice.close()
    await bob.close()


async def test_a_request_that_was_never_sent_is_not_sent_afterwards_either(bus: FakeBus) -> None:
    alice, bob = await pair(bus)
    asked: list[Any] = []
    bob.on_request(lambda content, _: asked.append(content))
    bus.server.refuse = 503
    bus.server.socket_of("alice").drop()
    assert await outcome(alice, "old", timeout=3) == ("timeout", 3)
    cancelled = asyncio.create_task(alice.agent("bob").request("older"))
    await asyncio.sleep(1)
    cancelled.cancel()
    bus.server.refuse = None
    await asyncio.sleep(60)
    assert (await outcome(alice, "new"))[0] is None
    assert asked == ["new"]
    await alice.close()
    await bob.close()


async def test_a_request_that_is_sent_again_says_how_much_time_is_left(bus: FakeBus) -> None:
    alice, bob = await pair(bus)

    def script(frame: Any, socket: Any) -> Any:
        if not frame.get("expects_reply"):
            return None
        bus.server.script = lambda *_: None
        socket.drop()
        return "silence"

    bus.server.script = script
    assert (await outcome(alice, timeout=20))[0] == "no_handler"
    first, second = requests_of(bus)
    assert (first["timeout_ms"], second["id"], second["retry"]) == (20_000, first["id"], True)
    assert 10_000 < second["timeout_ms"] < 20_000
    await alice.close()
    await bob.close()


async def test_what_the_service_says_of_the_request(bus: FakeBus) -> None:
    alice, bob = await pair(bus)
    assert await outcome(alice, to="nobody") == ("no_responders", 0.002)
    bus.server.script = lambda frame, _: (
        {"type": "ERROR", "code": "request_expired", "error": "over"} if frame.get("expects_reply") else None
    )
    assert (await outcome(alice))[0] == "timeout"
    await alice.close()
    await bob.close()


async def test_a_request_that_has_expired_on_its_way_is_not_executed_nor_told_as_a_gap(bus: FakeBus) -> None:
    alice, bob = await pair(bus)
    asked: list[Any] = []
    gaps: list[Any] = []
    bob.on_request(lambda content, _: asked.append(content) or content)
    bob.on("gap", gaps.append)
    # It is in the log, but the answerer has gone under.
    bus.server.faults = Faults(loses_post=lambda: True)
    short = asyncio.create_task(outcome(alice, "short", timeout=2))
    long = asyncio.create_task(outcome(alice, "long", timeout=60))
    assert (await short)[0] == "timeout"
    bus.server.faults = Faults()
    bus.server.socket_of("bob").drop()
    assert (await long)[0] == "long"
    assert (asked, gaps) == (["long"], [])
    await alice.close()
    await bob.close()


async def test_without_a_handler_a_request_fails_after_the_two_times_of_two_seconds(bus: FakeBus) -> None:
    alice, bob = await pair(bus)
    code, took = await outcome(alice)
    assert code == "no_handler"
    assert 4 <= took < 4.2
    assert [frame["code"] for frame in bus.server.frames("reply.failed")] == ["no_handler"]
    assert await outcome(alice, timeout=3) == ("no_handler", 3)
    assert await outcome(alice, timeout=1) == ("timeout", 1)
    await alice.close()
    await bob.close()


@pytest.mark.parametrize(("late", "expected"), [(1.9, "here"), (2.1, "no_handler")])
async def test_a_request_waits_2_s_for_a_handler(bus: FakeBus, late: float, expected: str) -> None:
    alice, bob = await pair(bus)
    asked: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.call_later(late, bob.on_request, lambda content, _: asked.append(content) or "here")
    results = await asyncio.gather(outcome(alice, 1), outcome(alice, 2))
    assert [result for result, _ in results] == [expected, expected]
    assert asked == ([1, 2] if expected == "here" else [])
    assert (await outcome(alice, 3))[0] == "here"
    await alice.close()
    await bob.close()


@pytest.mark.parametrize(("takes", "expected"), [(1.5, "here"), (3.8, "here"), (4.5, "no_handler")])
async def test_the_reply_of_another_process_counts_for_2_s_more(
    bus: FakeBus, takes: float, expected: str
) -> None:
    alice, idle = await pair(bus)
    busy = await bus.connected("bob")

    @busy.on_request
    async def answer(*_: Any) -> str:
        await asyncio.sleep(takes)
        return "here"

    result, took = await outcome(alice)
    assert result == expected
    assert took == pytest.approx(min(takes, 4), abs=0.1)
    await asyncio.sleep(5)
    for client in (alice, idle, busy):
        await client.close()


async def test_the_user_may_answer_by_hand(bus: FakeBus) -> None:
    alice, bob = await pair(bus)

    async def answer(message: Message) -> None:
        await asyncio.sleep(3)
        await bob.agent(message.agent_id).send(f"{message.content}!", type="reply", in_reply_to=message.id)

    await bob.inbox.subscribe(answer)
    assert (await outcome(alice, "hi"))[0] == "hi!"
    await alice.close()
    await bob.close()


async def test_an_observer_shows_requests_in_its_inbox_and_never_answers_them(bus: FakeBus) -> None:
    alice, observer = await pair(bus, observer=True)
    bob = await bus.connected("bob")

    @bob.on_request
    async def answer(*_: Any) -> str:
        await asyncio.sleep(10)
        return "here"

    heard: list[Any] = []
    await observer.inbox.subscribe(lambda message: heard.append(message.content))
    assert (await outcome(alice))[0] == "here"
    assert heard == ["?"]
    assert bus.server.frames("reply.failed") == []
    for client in (alice, bob, observer):
        await client.close()


async def test_several_requests_are_worked_on_at_once(bus: FakeBus) -> None:
    alice, bob = await pair(bus)

    @bob.on_request
    async def answer(content: float, _: Message) -> float:
        await asyncio.sleep(content)
        return content

    began = asyncio.get_running_loop().time()
    results = await asyncio.gather(*(outcome(alice, seconds) for seconds in (3, 1, 2)))
    assert [result for result, _ in results] == [3, 1, 2]
    assert asyncio.get_running_loop().time() - began < 3.1
    await alice.close()
    await bob.close()


@pytest.mark.parametrize("is_private", [True, False])
async def test_a_handler_that_raises(bus: FakeBus, is_private: bool) -> None:
    alice, bob = await pair(bus)
    errors: list[Any] = []
    bob.on("error", errors.append)

    @bob.on_request
    async def answer(*_: Any) -> None:
        raise ValueError("the password is 1234") if is_private else RequestError("é" * 600)

    with pytest.raises(PubSubError) as failed:
        await alice.agent("bob").request("?")
    assert failed.value.code == "request_failed"
    assert str(failed.value) == ("The request handler has failed" if is_private else "é" * 512)
    assert len(errors) == is_private
    await alice.close()
    await bob.close()


def generator(*_: Any) -> Iterator[int]:
    yield 1


async def async_generator(*_: Any) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (generator, "A request handler must return one JSON value, not a generator"),
        (async_generator, "A request handler must return one JSON value, not a generator"),
        (lambda *_: object(), "The content is not JSON"),
    ],
)
async def test_a_handler_that_returns_no_json_is_told_so(bus: FakeBus, handler: Any, text: str) -> None:
    alice, bob = await pair(bus)
    errors: list[str] = []
    bob.on("error", lambda error: errors.append(str(error)))
    bob.on_request(handler)
    assert (await outcome(alice))[0] == "request_failed"
    assert errors == [text]
    await alice.close()
    await bob.close()


async def test_only_a_reply_of_the_agent_that_was_asked_counts(bus: FakeBus) -> None:
    alice, bob = await pair(bus)
    mallory = await bus.connected("mallory")

    @bob.on_request
    async def answer(_: Any, message: Message) -> str:
        await mallory.agent("alice").send("forged", type="reply", in_reply_to=message.id)
        await asyncio.sleep(1)
        return "true"

    assert (await outcome(alice))[0] == "true"
    for client in (alice, bob, mallory):
        await client.close()


async def test_close_ends_the_requests_that_wait(bus: FakeBus) -> None:
    alice, bob = await pair(bus)

    @bob.on_request
    async def answer(*_: Any) -> None:
        await asyncio.sleep(100)

    asking = asyncio.create_task(outcome(alice, timeout=60))
    await asyncio.sleep(1)
    await alice.close()
    assert (await asking)[0] == "closed"
    await bob.close()


@pytest.mark.parametrize("name", ["alice", "bob"])
async def test_a_rotation_meanwhile_is_not_noticed(bus: FakeBus, name: str) -> None:
    alice, bob = await pair(bus)
    asked: list[Any] = []

    @bob.on_request
    async def answer(content: Any, _: Message) -> str:
        asked.append(content)
        await asyncio.sleep(5)
        return "here"

    asking = asyncio.create_task(outcome(alice))
    await asyncio.sleep(1)
    old = bus.server.socket_of(name)
    old.post({"type": "GOAWAY", "code": "rotate", "reconnect": True})
    assert (await asking)[0] == "here"
    assert old not in bus.server.sockets
    assert asked == ["?"]
    await alice.close()
    await bob.close()


@pytest.mark.parametrize("jump", [8, 3_600, -8, -3_600])
async def test_a_clock_that_is_set_meanwhile_drops_no_request_and_holds_no_dead_connection(
    bus: FakeBus, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = await bus.connected("b")
    client = await bus.connected("a")
    client.on_request(lambda content, _: content)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    assert (await asking.agent("a").request("?", timeout=5)).content == "?"
    bus.server.socket_of("b").is_silent = True
    began = asyncio.get_running_loop().time()
    await asking.channel("c").publish(1)
    assert asyncio.get_running_loop().time() - began < 30
    await client.close()
    await asking.close()
