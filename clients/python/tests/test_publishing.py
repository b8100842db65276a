"""Messages on their way out: order, batches, tries, refusals, limits and cancellations."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest

from artcafe import PubSubError, Queue
from fake_bus import FakeBus


def texts_of(bus: FakeBus) -> list[list[dict[str, Any]]]:
    """Texts with messages, as lists of frames."""
    texts = [json.loads(text) for text in bus.server.texts]
    lists = [text if isinstance(text, list) else [text] for text in texts]
    return [frames for frames in lists if "content" in frames[0]]


async def test_sends_the_first_at_once_and_gathers_the_rest_in_texts_of_25(bus: FakeBus) -> None:
    client = await bus.connected("a")
    await asyncio.gather(*(client.channel("c").publish(each) for each in range(60)))
    assert [len(text) for text in texts_of(bus)] == [1, 25, 25, 9]
    assert [row["content"] for row in bus.server.log("c").rows] == list(range(60))
    await client.close()


async def test_a_text_has_at_most_32_kb(bus: FakeBus) -> None:
    client = await bus.connected("a")
    await asyncio.gather(*(client.channel("c").publish("é" * 5_000) for _ in range(8)))
    assert [len(text) for text in texts_of(bus)] == [1, 3, 3, 1]
    assert all(len(text.encode()) <= 32_768 for text in bus.server.texts)
    await client.close()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("x" * 32_768, "payload_too_large"),
        ({"when": object()}, "invalid_message"),
        (math.nan, "invalid_message"),
    ],
)
async def test_refuses_what_can_not_be_sent(bus: FakeBus, content: Any, code: str) -> None:
    client = await bus.connected("a")
    with pytest.raises(PubSubError) as refused:
        await client.channel("c").publish(content)
    assert refused.value.code == code
    await client.channel("c").publish("next")
    await client.close()


async def test_half_a_surrogate_pair_is_sent(bus: FakeBus) -> None:
    client = await bus.connected("a")
    await client.channel("c").publish("\ud800")
    assert bus.server.log("c").rows[0]["content"] == "\ud800"
    await client.close()


async def test_is_bounded_and_says_so(bus: FakeBus) -> None:
    client = bus.client("a", queue=Queue(max_messages=2))
    bus.server.refuse = 503
    waiting = [asyncio.create_task(client.channel("c").publish(each)) for each in range(2)]
    await asyncio.sleep(1)
    with pytest.raises(PubSubError, match="queue_full"):
        await client.channel("c").publish(3)
    bus.server.refuse = None
    await asyncio.gather(*waiting)
    await client.close()


async def test_obeys_retry_after_and_nothing_overtakes_what_was_refused(bus: FakeBus) -> None:
    client = await bus.connected("a")
    refusals = 1

    def script(frame: Any, _: Any) -> Any:
        nonlocal refusals
        if "content" not in frame or refusals == 0:
            return None
        refusals -= 1
        return {"type": "ERROR", "code": "rate_limited", "error": "slow", "retry_after_ms": 700}

    bus.server.script = script
    publishing = [asyncio.create_task(client.channel("c").publish(each)) for each in "ab"]
    await asyncio.sleep(0.69)
    assert len(texts_of(bus)) == 1
    await asyncio.gather(*publishing)
    assert [[frame["content"] for frame in text] for text in texts_of(bus)] == [["a"], ["a", "b"]]
    # It was not looked at: no search in the log is needed.
    assert "retry" not in texts_of(bus)[1][0]
    await client.close()


@pytest.mark.parametrize("code", ["unavailable", "internal"])
async def test_is_tried_again_with_the_same_id(bus: FakeBus, code: str) -> None:
    client = await bus.connected("a")
    answers = [{"type": "ERROR", "code": code, "error": "no"}]
    bus.server.script = lambda frame, _: answers.pop() if "content" in frame and answers else None
    assert (await client.channel("c").publish(1)).sequence == 1
    first, second = bus.server.frames("message")
    assert second == {**first, "retry": True}
    await client.close()


@pytest.mark.parametrize("code", ["forbidden", "payload_too_large", "loop_detected", "a_new_code"])
async def test_a_refusal_raises_and_the_next_message_goes_on(bus: FakeBus, code: str) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: (
        {"type": "ERROR", "code": code, "error": "no"} if frame.get("content") == "bad" else None
    )
    results = await asyncio.gather(
        client.channel("c").publish("bad"), client.channel("c").publish("good"), return_exceptions=True
    )
    assert isinstance(results[0], PubSubError)
    assert (results[0].code, str(results[0]), results[0].retryable) == (code, "no", False)
    assert not isinstance(results[1], BaseException)
    await client.close()


async def test_a_failure_of_the_service_is_not_tried_for_ever(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: (
        {"type": "ERROR", "code": "internal", "error": "no"} if "content" in frame else None
    )
    with pytest.raises(PubSubError, match="no"):
        await client.channel("c").publish(1)
    assert len(bus.server.frames("message")) == 5
    bus.server.script = lambda frame, _: None
    await client.close()


@pytest.mark.parametrize(("is_sent", "code"), [(True, "unconfirmed"), (False, "timeout")])
async def test_gives_up_after_nine_minutes(bus: FakeBus, is_sent: bool, code: str) -> None:
    client = await bus.connected("a")
    if is_sent:
        bus.server.script = lambda frame, _: "silence" if "content" in frame else None
    else:
        bus.server.refuse = 503
        bus.server.socket_of("a").drop()
        await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    with pytest.raises(PubSubError) as late:
        await client.channel("c").publish(1)
    assert late.value.code == code
    assert asyncio.get_running_loop().time() - began == pytest.approx(540)
    await client.close()


async def test_after_a_sleep_nothing_is_sent_that_could_be_taken_for_new(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: "silence" if "content" in frame else None
    publishing = asyncio.create_task(client.channel("c").publish(1))
    await asyncio.sleep(1)
    asyncio.get_running_loop().slept += 3_600  # type: ignore[attr-defined]
    bus.server.script = lambda frame, _: None
    with pytest.raises(PubSubError) as late:
        await publishing
    assert late.value.code == "unconfirmed"
    assert len(bus.server.frames("message")) == 1
    await client.close()


async def test_a_frame_of_the_platform_is_a_failure_of_what_is_in_flight(bus: FakeBus) -> None:
    client = await bus.connected("a")
    answers = ["silence"]
    bus.server.script = lambda frame, _: answers.pop() if "content" in frame and answers else None
    publishing = asyncio.create_task(client.channel("c").publish(1))
    await asyncio.sleep(0.1)
    bus.server.socket_of("a").post({"message": "Internal server error", "connectionId": "x"})
    await publishing
    assert [frame.get("retry") for frame in bus.server.frames("message")] == [None, True]
    await client.close()


async def test_what_is_refused_as_a_whole_batch_is_sent_one_by_one(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: "silence" if "content" in frame else None
    publishing = [asyncio.create_task(client.channel("c").publish(each)) for each in range(4)]
    await asyncio.sleep(0.1)
    first = bus.server.frames("message")[0]["id"]
    socket = bus.server.socket_of("a")
    socket.post({"type": "ACK", "message_id": first, "status": "accepted"})
    await asyncio.sleep(0.1)
    bus.server.script = lambda frame, _: None
    socket.post({"type": "ERROR", "code": "limit_exceeded", "error": "too many values"})
    await asyncio.gather(*publishing)
    assert [len(text) for text in texts_of(bus)] == [1, 3, 1, 1, 1]
    await client.close()


async def test_an_expired_token_asks_for_another_connection_and_keeps_the_message(bus: FakeBus) -> None:
    client = await bus.connected("a")
    first = bus.server.socket_of("a")
    bus.server.script = lambda frame, socket: (
        {"type": "ERROR", "code": "token_expired", "error": "over"}
        if "content" in frame and socket is first
        else None
    )
    assert (await client.channel("c").publish(1)).sequence == 1
    assert len(bus.server.frames("hello")) == 2
    await client.close()


async def test_cancelling_a_publish_never_affects_the_next_one(bus: FakeBus) -> None:
    client = await bus.connected("a")
    channel = client.channel("c")
    publishing = [asyncio.create_task(channel.publish(each)) for each in range(5)]
    await asyncio.sleep(0)
    # The first is in flight, the others wait.
    for index in (0, 2):
        publishing[index].cancel()
    done = await asyncio.gather(*publishing, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in done] == [True, False, True, False, False]
    assert [row["content"] for row in bus.server.log("c").rows] == [0, 1, 3, 4]
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(channel.publish(5), 0.0005)
    assert (await channel.publish(6)).status == "accepted"
    await client.close()


async def test_a_cancelled_publish_in_flight_is_still_sent_again_after_a_drop(bus: FakeBus) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: "silence" if "content" in frame else None
    publishing = [asyncio.create_task(client.channel("c").publish(each)) for each in range(2)]
    await asyncio.sleep(0.1)
    publishing[0].cancel()
    bus.server.script = lambda frame, _: None
    bus.server.socket_of("a").drop()
    assert (await publishing[1]).sequence == 2
    await client.close()


async def test_the_same_id_at_once_is_refused(bus: FakeBus) -> None:
    client = await bus.connected("a")
    publishing = asyncio.create_task(client.channel("c").publish(1, id="x"))
    await asyncio.sleep(0)
    with pytest.raises(PubSubError, match="on its way already"):
        await client.channel("c").publish(2, id="x")
    await publishing
    await client.close()


async def test_everything_that_may_be_said_is_on_the_wire(bus: FakeBus) -> None:
    client = await bus.connected("a")
    said = {
        "id": "x",
        "type": "chat.typing",
        "metadata": {"a": 1},
        "echo": False,
        "correlation_id": "k",
        "in_reply_to": "r",
        "traceparent": "t",
    }
    await client.channel("c").publish(None, extra={"own": 1, "content": "not this"}, **said)  # type: ignore[arg-type]
    assert bus.server.frames("chat.typing") == [{**said, "channel_id": "c", "content": None, "own": 1}]
    await client.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": "x" * 129},
        {"id": "a\nb"},
        {"type": "ping"},
        {"type": "Upper"},
        {"metadata": [1]},
        {"ephemeral": 1},
        {"extra": "x"},
        {"correlation_id": 5},
    ],
)
async def test_what_is_wrong_is_said_before_anything_is_sent(bus: FakeBus, wrong: dict[str, Any]) -> None:
    client = await bus.connected("a")
    with pytest.raises(PubSubError, match=f'"{next(iter(wrong))}" must be') as refused:
        await client.channel("c").publish(1, **wrong)
    assert refused.value.code == "invalid_message"
    assert bus.server.frames("message") == []
    await client.close()


async def acknowledged_in(bus: FakeBus, publishing: list[Any]) -> float:
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*publishing)
    return asyncio.get_running_loop().time() - began


@pytest.mark.parametrize(("fails", "most"), [("platform", 20), ("silence", 60)])
async def test_a_message_whose_text_always_fails_holds_up_its_own_channel_only(
    bus: FakeBus, fails: str, most: float
) -> None:
    client = await bus.connected("a")

    def receive(socket: Any, text: str) -> None:
        if '"poison"' not in text:
            usual(socket, text)
        elif fails == "platform":
            socket.post({"message": "Internal server error", "connectionId": "x"})

    usual = bus.server.receive
    bus.server.receive = receive  # type: ignore[method-assign]
    bad = [asyncio.create_task(client.channel("c").publish(each)) for each in ("poison", "behind it")]
    good = [asyncio.create_task(client.channel(f"d{each % 3}").publish(each)) for each in range(60)]
    assert await acknowledged_in(bus, good) < most
    for number in range(3):
        rows = bus.server.log(f"d{number}").rows
        assert [row["content"] for row in rows] == list(range(number, 60, 3))
    # In the order of the calls: the other message of the channel comes behind it, whatever becomes of it.
    assert [each.done() for each in bad] == [False, False]
    bus.server.receive = usual  # type: ignore[method-assign]
    await asyncio.gather(*bad)
    assert [row["content"] for row in bus.server.log("c").rows] == ["poison", "behind it"]
    await client.close()


@pytest.mark.parametrize("code", ["unavailable", "internal"])
async def test_a_channel_that_is_not_available_does_not_hold_up_another_one(bus: FakeBus, code: str) -> None:
    client = await bus.connected("a")
    bus.server.script = lambda frame, _: (
        {"type": "ERROR", "code": code, "error": "no", "retry_after_ms": 100}
        if frame.get("channel_id") == "c" and "content" in frame
        else None
    )
    bad = [asyncio.create_task(client.channel("c").publish(each)) for each in range(30)]
    assert await acknowledged_in(bus, [client.channel("d").publish(each) for each in range(30)]) < 1
    assert [row["content"] for row in bus.server.log("d").rows] == list(range(30))
    assert not any(each.done() for each in bad)
    bus.server.script = lambda frame, _: None
    await asyncio.gather(*bad)
    assert [row["content"] for row in bus.server.log("c").rows] == list(range(30))
    await client.close()
