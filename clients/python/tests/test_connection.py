"""The connection: opened, lost, resumed, replaced and ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from artcafe import Backoff, PubSub, PubSubError
from fake_bus import FakeBus
from fake_server import Faults


def states_of(client: PubSub) -> list[str]:
    states: list[str] = []
    client.on("state", lambda change: states.append(change.state))
    return states


async def test_connects_says_hello_and_is_welcome(bus: FakeBus) -> None:
    client = bus.client("a", status="idle", capabilities=["x"])
    states = states_of(client)
    assert client.state == "disconnected"
    async with client:
        assert (client.state, client.agent_id) == ("connected", "a")
    assert states == ["connecting", "connected", "closed"]
    [hello] = bus.server.frames("hello")
    assert hello["resume"] == [{"channel_id": "$inbox", "handled": {}}]
    assert (hello["status"], hello["capabilities"]) == ("idle", ["x"])
    assert hello["client"] == {"name": "artcafe-pubsub", "version": "0.1.0"}


async def test_goes_on_trying_and_says_so(bus: FakeBus) -> None:
    bus.server.refuse = 503
    client = bus.client("a")
    tries: list[Any] = []
    client.on("retrying", tries.append)
    with pytest.raises(PubSubError) as late:
        await client.connect(timeout=20)
    assert late.value.code == "timeout"
    assert "HTTP status 503" in str(late.value)
    await asyncio.sleep(600)
    assert len(tries) > 20
    assert max(each.delay for each in tries) <= 30
    assert client.state == "connecting"
    bus.server.refuse = None
    await client.connect()
    await client.close()


async def test_gives_up_after_max_attempts(bus: FakeBus) -> None:
    bus.server.refuse = 503
    with pytest.raises(PubSubError) as refused:
        await bus.client("a", backoff=Backoff(max_attempts=3)).connect()
    assert (refused.value.code, bus.server.handshakes) == ("unavailable", 3)


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_block_that_is_not_entered_leaves_no_client_behind(bus: FakeBus, is_cancelled: bool) -> None:
    bus.server.refuse = 503
    client = bus.client("a")
    entering = asyncio.create_task(client.__aenter__())
    await asyncio.sleep(20)
    if is_cancelled:
        entering.cancel()
    await asyncio.wait({entering})
    tries = bus.server.handshakes
    await asyncio.sleep(600)
    assert (client.state, bus.server.handshakes) == ("closed", tries)
    with pytest.raises(asyncio.CancelledError if is_cancelled else PubSubError):
        entering.result()


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden")])
async def test_a_plain_token_that_is_refused_is_the_end(bus: FakeBus, status: int, code: str) -> None:
    bus.server.refuse = status
    client = bus.client("a", token="a")
    with pytest.raises(PubSubError) as refused:
        await client.connect()
    assert (refused.value.code, client.state, bus.server.handshakes) == (code, "closed", 1)


@pytest.mark.parametrize("status", [401, 403])
async def test_tokens_of_a_function_are_refused_five_times_and_for_30_s(bus: FakeBus, status: int) -> None:
    bus.server.refuse = status
    client = bus.client("a")
    began = asyncio.get_running_loop().time()
    with pytest.raises(PubSubError):
        await client.connect()
    took = asyncio.get_running_loop().time() - began
    assert bus.server.handshakes >= 5
    assert 30 <= took < 60


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_token_function_that_fails_is_asked_again(bus: FakeBus, is_async: bool) -> None:
    answers: list[Any] = [
        ValueError("see https://x?token=secret"),
        "not a token",
        asyncio.TimeoutError("The issuer is slow"),
        # Of what the function waits for: a refresh that it shares with others, say.
        asyncio.CancelledError(),
        "a",
    ]

    def token() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def token_later() -> Any:
        return token()

    client = bus.client("a", token=token_later if is_async else token)
    errors: list[PubSubError] = []
    client.on("retrying", lambda event: errors.append(event.error))
    await client.connect()
    codes = ["token_failed", "unauthorized", "token_failed", "token_failed"]
    assert [error.code for error in errors] == codes
    assert "The issuer is slow" in str(errors[2])
    assert "cancelled" in str(errors[3])
    assert "secret" not in str(errors[0])
    assert "secret" not in str(errors[0].__cause__)
    await client.close()


async def test_resumes_after_a_drop(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard: list[Any] = []
    await client.channel("c").subscribe(lambda message: heard.append(message.content))
    bus.server.publish("c", 1)
    await asyncio.sleep(0.01)
    bus.server.socket_of("a").drop()
    bus.server.publish("c", 2)
    await asyncio.sleep(5)
    bus.server.publish("c", 3)
    await asyncio.sleep(0.01)
    assert heard == [1, 2, 3]
    await client.close()


async def test_a_publish_survives_the_drop_and_is_in_the_log_once(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.faults = Faults(loses_answer=lambda: True)
    publishing = asyncio.create_task(client.channel("c").publish("kept"))
    await asyncio.sleep(0.01)
    bus.server.faults = Faults()
    bus.server.socket_of("a").drop()
    await publishing
    assert [row["content"] for row in bus.server.log("c").rows] == ["kept"]
    assert [frame.get("retry") for frame in bus.server.frames("message")] == [None, True]
    await client.close()


async def test_the_first_use_connects(bus: FakeBus) -> None:
    client = bus.client("a")
    receipts = await asyncio.gather(*(client.channel("c").publish(each) for each in (1, 2, 3)))
    assert [receipt.sequence for receipt in receipts] == [1, 2, 3]
    await client.close()


async def _rotated(bus: FakeBus, token_life: float, wait: float) -> tuple[list[Any], int, list[str], int]:
    bus.server.token_life = token_life
    tokens = 0

    async def token() -> str:
        nonlocal tokens
        tokens += 1
        return "a"

    client = await bus.connected("a", token=token)
    heard: list[Any] = []
    await client.channel("c").subscribe(lambda message: heard.append(message.content))
    states = states_of(client)
    published = 0
    for _ in range(200):
        await asyncio.sleep(wait / 200)
        published += 2
        bus.server.publish("c", published - 1)
        await client.channel("c").publish(published)
    await asyncio.sleep(5)
    assert heard == list(range(1, published + 1))
    assert len(bus.server.sockets) == 1
    seen = list(states)
    await client.close()
    return heard, tokens, seen, published


async def test_rotates_before_the_two_hours_are_over(bus: FakeBus) -> None:
    _, tokens, states, _ = await _rotated(bus, 86_400, 7_200)
    assert (tokens, states) == (2, [])


async def test_rotates_before_the_token_expires(bus: FakeBus) -> None:
    _, tokens, states, _ = await _rotated(bus, 600, 1_800)
    assert 4 <= tokens <= 5
    assert states == []


async def test_a_publish_in_flight_is_answered_on_the_old_connection(bus: FakeBus) -> None:
    client = await bus.connected("a")
    first = bus.server.socket_of("a")
    receivers: list[Any] = []
    is_held = True

    def script(frame: Any, socket: Any) -> Any:
        if "content" not in frame:
            return None
        receivers.append(socket)
        return "silence" if is_held else None

    bus.server.script = script
    publishing = [asyncio.create_task(client.channel("c").publish(each)) for each in (1, 2)]
    await asyncio.sleep(0.01)
    first.post({"type": "GOAWAY", "code": "rotate", "reason": "soon", "reconnect": True})
    await asyncio.sleep(1.5)
    assert len(bus.server.sockets) == 2
    is_held = False
    id = bus.server.frames("message")[0]["id"]
    first.post({"type": "ACK", "message_id": id, "status": "accepted"})
    await asyncio.gather(*publishing)
    assert [socket is first for socket in receivers] == [True, False]
    assert [frame.get("retry") for frame in bus.server.frames("message")] == [None, None]
    await asyncio.sleep(5)
    assert first.closed_by_client
    await client.close()


async def test_of_two_replacements_while_one_publish_is_in_flight_neither_old_one_stays(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: "silence" if "content" in frame else None
    publishing = asyncio.create_task(client.channel("c").publish(1))
    for _ in range(2):
        await asyncio.sleep(0.01)
        bus.server.sockets[-1].post({"type": "GOAWAY", "code": "rotate", "reconnect": True})
        await asyncio.sleep(1.5)
    assert bus.server.handshakes == 3
    bus.server.script = lambda frame, _: None
    await publishing
    await asyncio.sleep(5)
    assert len(bus.server.sockets) == 1
    await client.close()


async def test_goes_on_with_the_old_connection_while_the_new_one_fails(bus: FakeBus) -> None:
    client = await bus.connected("a")
    first = bus.server.socket_of("a")
    bus.server.refuse = 401
    first.post({"type": "GOAWAY", "code": "rotate", "reconnect": True})
    await asyncio.sleep(120)
    assert (await client.channel("c").publish(1)).sequence == 1
    assert client.state == "connected"
    bus.server.refuse = None
    await asyncio.sleep(60)
    assert bus.server.socket_of("a") is not first
    await client.close()


async def test_stays_away_when_it_is_told_to(bus: FakeBus) -> None:
    client = await bus.connected("a")
    errors: list[Any] = []
    client.on("state", lambda change: errors.append(change.error))
    bus.server.socket_of("a").post(
        {"type": "GOAWAY", "code": "revoked", "reason": "The agent was revoked", "reconnect": False}
    )
    await asyncio.sleep(600)
    assert (client.state, bus.server.handshakes) == ("closed", 1)
    assert [(error.code, str(error)) for error in errors] == [("revoked", "The agent was revoked")]


async def test_with_a_plain_token_ends_when_it_expires(bus: FakeBus) -> None:
    bus.server.token_life = 60
    client = await bus.connected("a", token="a")
    await asyncio.sleep(61)
    assert client.state == "closed"


async def test_a_silent_peer_is_taken_for_dead(bus: FakeBus) -> None:
    client = await bus.connected("a")
    first = bus.server.socket_of("a")
    first.is_silent = True
    await client.channel("c").publish(1)
    assert bus.server.socket_of("a") is not first
    await client.close()


async def test_a_welcome_that_does_not_come_is_a_failed_try(bus: FakeBus) -> None:
    is_deaf = True
    bus.server.script = lambda frame, _: "silence" if frame["type"] == "hello" and is_deaf else None
    client = bus.client("a")
    connecting = asyncio.create_task(client.connect())
    await asyncio.sleep(15)
    is_deaf = False
    await connecting
    assert bus.server.handshakes > 1
    await client.close()


@pytest.mark.parametrize("asleep", [15.0, 3_600.0])
async def test_after_a_sleep_a_dead_connection_is_replaced_within_10_s(bus: FakeBus, asleep: float) -> None:
    client = await bus.connected("a")
    first = bus.server.socket_of("a")
    first.is_silent = True
    await asyncio.sleep(30)
    asyncio.get_running_loop().slept += asleep  # type: ignore[attr-defined]
    await asyncio.sleep(12)
    assert bus.server.socket_of("a") is not first
    await client.close()


async def test_after_a_sleep_a_live_connection_is_kept(bus: FakeBus) -> None:
    client = await bus.connected("a")
    first = bus.server.socket_of("a")
    await asyncio.sleep(30)
    asyncio.get_running_loop().slept += 60  # type: ignore[attr-defined]
    await asyncio.sleep(30)
    assert bus.server.socket_of("a") is first
    assert len(bus.server.frames("ping")) == 1
    await client.close()


async def test_pings_every_nine_minutes_and_every_30_s_while_something_is_open(bus: FakeBus) -> None:
    client = await bus.connected("a")
    await asyncio.sleep(539)
    assert bus.server.frames("ping") == []
    await asyncio.sleep(2)
    assert len(bus.server.frames("ping")) == 1
    bus.server.script = lambda frame, _: "silence" if "content" in frame else None
    publishing = asyncio.create_task(client.channel("c").publish(1))
    await asyncio.sleep(95)
    assert len(bus.server.frames("ping")) >= 4
    bus.server.script = lambda frame, _: None
    await publishing
    await client.close()


async def test_cancelling_connect_leaves_the_client_as_it_is(bus: FakeBus) -> None:
    bus.server.refuse = 503
    client = bus.client("a")
    connecting = [asyncio.create_task(client.connect()) for _ in range(2)]
    await asyncio.sleep(1)
    connecting[0].cancel()
    await asyncio.wait({connecting[0]})
    bus.server.refuse = None
    await connecting[1]
    assert client.state == "connected"
    await client.close()


async def test_close_ends_everything_and_no_timer_is_left(bus: FakeBus) -> None:
    client = await bus.connected("a")
    read: list[Any] = []

    async def loop() -> None:
        async for message in client.channel("c"):
            read.append(message.content)

    reading = asyncio.create_task(loop())
    await asyncio.sleep(1)
    await client.channel("c").publish(1)
    await client.close()
    await reading
    assert read == [1]
    scheduled = [each for each in asyncio.get_running_loop()._scheduled if not each.cancelled()]  # type: ignore[attr-defined]
    assert scheduled == []
    assert bus.server.sockets == []
    for call in (client.channel("c").publish(1), client.connect(), client.channel("c").subscribe(print)):
        with pytest.raises(PubSubError, match="closed"):
            await call
    await client.close()


async def test_close_waits_for_what_is_not_acknowledged_but_not_for_ever(bus: FakeBus) -> None:
    client = await bus.connected("a")
    publishing = asyncio.create_task(client.channel("c").publish(1))
    await asyncio.sleep(0)
    await client.close()
    assert (await publishing).sequence == 1

    client = await bus.connected("a")
    bus.server.script = lambda frame, _: "silence" if "content" in frame else None
    publishing = asyncio.create_task(client.channel("c").publish(2))
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(0)
    await client.close()
    assert 5 <= asyncio.get_running_loop().time() - began < 8
    with pytest.raises(PubSubError, match="closed"):
        await publishing
