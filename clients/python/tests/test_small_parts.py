"""What needs no connection: arguments, errors, handshakes, times."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import random
import re
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from artcafe import Backoff, PubSub, PubSubError, Queue, errors
from artcafe._connection.handshake import connect_url, refusal, without_secrets
from artcafe._connection.rotation import replace_in
from artcafe._shared import limits as own_limits
from artcafe.messages import read_frames, read_message
from fake_bus import FakeBus
from fake_server import Refused

PROTOCOL = Path(__file__).parents[3] / "protocol"


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"url": "http://x"}, "url"),
        ({"url": "wss://x/ws"}, "url"),
        ({"url": "wss://x/ws/?a=1"}, "url"),
        ({"url": None}, "url"),
        ({"url": "ws://bus.example.com"}, "url"),
        ({"url": "ws://localhost.example.com"}, "url"),
        ({"url": "ws://127.0.0.1.example.com"}, "url"),
        ({"allow_insecure": 1}, "allow_insecure"),
        ({"token": "a b"}, "token"),
        ({"token": 5}, "token"),
        ({"token": ""}, "token"),
        ({"echo": "false"}, "echo"),
        ({"cursor": object()}, "cursor.load"),
        ({"backoff": Backoff(base=0)}, "base"),
        ({"backoff": None}, "backoff"),
        ({"queue": Queue(max_messages=-1)}, "max_messages"),
        ({"queue": {"max_messages": 1}}, "queue"),
        ({"ssl": True}, "ssl"),
        ({"heartbeat": 0.5}, "heartbeat"),
        ({"heartbeat": 541}, "heartbeat"),
        ({"observer": 1}, "observer"),
        ({"status": "offline"}, "status"),
        ({"capabilities": "translate"}, "capabilities"),
        ({"capabilities": ["x"] * 51}, "capabilities"),
    ],
)
def test_what_can_not_work_is_said_at_once(wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(PubSubError, match=re.escape(f'"{name}" must be')) as refused:
        PubSub(**{"url": "wss://x", "token": "t", **wrong})
    assert refused.value.code == "invalid_message"


def test_without_tls_the_token_stays_on_this_machine_unless_the_user_says_so() -> None:
    for host in ("localhost:8787", "bus.localhost", "127.0.0.1:8787", "127.1.2.3", "[::1]:8787"):
        PubSub(f"ws://{host}/v1", "t")
    PubSub("ws://bus.example.com", "t", allow_insecure=True)


def test_names_of_channels_and_agents() -> None:
    bus = PubSub("wss://x", "t")
    for name in ("a", "A-z_0.9:x", "x" * 128, "$inbox", "$presence"):
        assert bus.channel(name).name == name
    for name in ("", "a b", "x" * 129, "$other", "é", "a\n"):
        with pytest.raises(PubSubError, match='"name" must be'):
            bus.channel(name)
    assert bus.agent("auth0|é@x/y").id == "auth0|é@x/y"
    for id in ("", "\x00", "😀" * 65):
        with pytest.raises(PubSubError, match='"id" must be'):
            bus.agent(id)


def test_a_client_can_be_made_without_a_loop() -> None:
    bus = PubSub("wss://x", "t")
    bus.on_request(print)
    bus.on("gap", print)
    assert (bus.state, bus.agent_id) == ("disconnected", None)


def test_a_client_of_another_loop_is_refused_and_nothing_waits(bus: FakeBus) -> None:
    client = bus.client("a")
    asyncio.run(client.connect())
    for call in (client.channel("c").publish(1), client.inbox.subscribe(print), client.close()):
        with pytest.raises(PubSubError, match="another event loop") as refused:
            asyncio.run(call)
        assert refused.value.code == "invalid_message"


def test_a_token_function_that_hangs_does_not_hold_the_process() -> None:
    program = """
import asyncio, time
from artcafe import PubSub, PubSubError

async def main():
    bus = PubSub("wss://x", lambda: time.sleep(60))
    try:
        await bus.connect(timeout=0.1)
    except PubSubError as error:
        print(error.code)
    await bus.close()

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert (done.stdout, done.stderr) == ("timeout\n", "")


def test_limits_are_those_of_the_protocol() -> None:
    source = (PROTOCOL / "limits.ts").read_text()
    limits = {
        name: int(digits.replace("_", ""))
        for name, digits in re.findall(r"(\w+)\s*[:=] ([\d_]+)[,;]", source)
    }
    assert limits["frameBytes"] == own_limits.FRAME_BYTES
    assert limits["batchFrames"] == own_limits.BATCH_FRAMES


def test_codes_that_pass_are_those_of_the_protocol() -> None:
    source = (PROTOCOL / "codes.ts").read_text()
    assert all(code in source for code in errors.PASSING | errors.TOKEN_CODES)


def test_errors_know_whether_the_same_call_may_succeed_later() -> None:
    assert PubSubError("rate_limited", "slow", 0.7).retryable
    assert not PubSubError("forbidden").retryable
    again = pickle.loads(pickle.dumps(PubSubError("rate_limited", "slow", 0.7)))  # noqa: S301
    assert (again.code, str(again), again.retry_after) == ("rate_limited", "slow", 0.7)
    assert str(PubSubError("closed")) == "closed"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Refused(401), "unauthorized", "HTTP status 401"),
        (Refused(403), "forbidden", "HTTP status 403"),
        (Refused(429, {"Retry-After": "7"}), "rate_limited", "HTTP status 429"),
        (Refused(200), "unavailable", "no WebSocket there, or a captive portal (200)"),
        (
            Refused(302, {"Location": "https://a.b/c?token=x"}),
            "unavailable",
            "redirected to https://a.b (302)",
        ),
        (Refused(407), "unavailable", "a proxy wants a password, HTTP status 407"),
        (ConnectionRefusedError(111, "x"), "unavailable", "nothing listens there"),
        (ssl.SSLCertVerificationError("x"), "unavailable", "the certificate is not valid or not trusted"),
        (ssl.SSLError("x"), "unavailable", "no TLS at this port"),
        (asyncio.TimeoutError(), "unavailable", "no answer in 15 s"),
        (ValueError("odd ws://x/ws?token=abc"), "unavailable", "odd ws://x/ws…"),
    ],
)
def test_why_there_is_no_connection(error: Exception, code: str, words: str) -> None:
    refused = refusal(error)
    assert (refused.code, str(refused)) == (code, f"No connection: {words}")
    assert refused.retry_after == (7 if code == "rate_limited" else None)


def test_errors_are_shown_without_query_strings_and_tokens_down_their_causes() -> None:
    error = ValueError("at wss://x/ws?token=abc")
    error.__cause__ = ValueError("eyJhbGciOi.J9.x is bad, token=abc")
    shown = without_secrets(error)
    assert (str(shown), str(shown.__cause__)) == ("at wss://x/ws…", "… is bad, …")


def test_the_url_is_that_of_the_protocol_with_the_token_encoded() -> None:
    assert connect_url("wss://x/v1//", "a/b+c=", True) == "wss://x/v1/ws?token=a%2Fb%2Bc%3D"
    assert connect_url("wss://x", "t", False) == "wss://x/ws?token=t&echo=false"


def test_the_library_does_not_log_tokens() -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        assert not logging.getLogger("artcafe.websockets").isEnabledFor(logging.INFO)
    finally:
        logging.getLogger().setLevel(logging.WARNING)


def test_frames_are_read_from_one_object_or_an_array_and_from_nothing_else() -> None:
    assert read_frames('{"a": 1}') == [{"a": 1}]
    assert read_frames('[{"a": 1}, 5, null, [], {"b": 2}]') == [{"a": 1}, {"b": 2}]
    for text in ("", "x", "5", "null", "[" * 100_000):
        assert read_frames(text) == []


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, True, 1e300])
def test_a_message_with_odd_fields_is_read_all_the_same(odd: Any) -> None:
    names = ["id", "content", "metadata", "agent_id", "channel_id", "to", "timestamp", "sequence", "epoch"]
    more = ["replayed", "correlation_id", "in_reply_to", "traceparent", "expects_reply", "expires_at", "own"]
    message = read_message({"type": "message", **dict.fromkeys(names + more, odd)})
    assert message.extra == {"expires_at": odd, "own": odd}
    assert message.traceparent == (odd if isinstance(odd, str) else None)
    assert isinstance(message.metadata, dict)
    assert json.dumps(message.content) == json.dumps(odd)


def test_rotation_comes_before_the_two_hours_and_before_the_token_expires() -> None:
    dice = random.Random(1)
    for _ in range(1_000):
        chance = dice.random()
        assert 6_000 <= replace_in(None, chance) <= 6_600
        assert replace_in(3_600, chance) < 3_600 - 60 + 1e-9
        assert 600 * 0.6 <= replace_in(600, chance) < 600
        assert replace_in(1, chance) == 5
