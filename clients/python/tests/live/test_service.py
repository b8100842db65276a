"""The client on the real service: its functions and tables as they are deployed, on the laptop gateway."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from artcafe import Message, Position, PubSub, PubSubError
from cuttable import Cuttable, networks
from live_bus import Live


def fresh(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


class Agents:
    """Clients of a tenant of their own, closed at the end."""

    def __init__(self, live: Live) -> None:
        self._bus = live.bus
        self._tenant = fresh("tenant")
        self._clients: list[PubSub] = []

    async def __aenter__(self) -> Agents:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(client.close() for client in self._clients))

    def network(self) -> str:
        name = fresh("network")
        networks[name] = Cuttable()
        return name

    def make(self, agent: str, network: str = "", life: int = 3_600, **options: Any) -> PubSub:
        claims = {"channels": options.pop("channels")} if "channels" in options else {}

        async def token() -> str:
            return await self._bus.token(agent, self._tenant, life, **claims)

        url = f"{self._bus.url}/{network}" if network else self._bus.url
        client = PubSub(url, options.pop("token", token), **options)
        self._clients.append(client)
        return client

    async def connected(self, agent: str, **options: Any) -> PubSub:
        client = self.make(agent, **options)
        await client.connect()
        return client


async def until(is_so: Callable[[], bool]) -> None:
    """The test's own time is its end."""
    while not is_so():
        await asyncio.sleep(0.02)


def test_two_agents_talk_and_read_the_log(live: Live) -> None:
    async def test() -> None:
        async with Agents(live) as agents:
            alice, bob = await agents.connected("alice"), await agents.connected("bob")
            heard: list[Any] = []
            await bob.channel("c").subscribe(
                lambda message: heard.append((message.agent_id, message.content))
            )
            receipts = await asyncio.gather(*(alice.channel("c").publish(each) for each in range(120)))
            assert [receipt.sequence for receipt in receipts] == list(range(1, 121))
            await until(lambda: len(heard) == 120)
            assert heard == [("alice", each) for each in range(120)]
            assert [message.content async for message in bob.channel("c").history(limit=2)] == [119, 118]
            assert (await alice.channel("c").publish("now", ephemeral=True)).sequence is None

    live.run(test())


def test_a_cut_connection_is_resumed(live: Live) -> None:
    async def test() -> None:
        async with Agents(live) as agents:
            network = agents.network()
            alice, bob = await agents.connected("alice"), await agents.connected("bob", network=network)
            heard: list[Any] = []
            await bob.channel("c").subscribe(lambda message: heard.append(message.content))
            for number in range(30):
                if number % 10 == 5:
                    networks[network].cut()
                await alice.channel("c").publish(number)
            await until(lambda: len(heard) == 30)
            assert heard == list(range(30))

    live.run(test())


def test_an_expiring_token_is_replaced_before_anybody_notices(live: Live) -> None:
    async def test() -> None:
        async with Agents(live) as agents:
            network = agents.network()
            alice = await agents.connected("alice", network=network, life=8)
            states: list[str] = []
            heard: list[Any] = []
            alice.on("state", lambda change: states.append(change.state))
            await alice.channel("c").subscribe(lambda message: heard.append(message.content))
            first = networks[network].open[0]
            number = 0
            while first in networks[network].open:
                await alice.channel("c").publish(number)
                number += 1
                await asyncio.sleep(0.1)
            await until(lambda: len(heard) == number)
            assert (heard, states) == (list(range(number)), [])

    live.run(test())


def test_requests_are_answered_and_fail_at_once_when_nobody_is_there(live: Live) -> None:
    async def test() -> None:
        async with Agents(live) as agents:
            alice, bob = await agents.connected("alice"), await agents.connected("bob")

            @bob.on_request
            async def add(content: Any, _: object) -> int:
                return int(content["a"] + content["b"])

            assert (await alice.agent("bob").request({"a": 1, "b": 2}, timeout=10)).content == 3
            with pytest.raises(PubSubError) as failed:
                await alice.agent("nobody").request("?")
            assert failed.value.code == "no_responders"
            with pytest.raises(PubSubError) as failed:
                await bob.agent("alice").request("?", timeout=20)
            assert failed.value.code == "no_handler"

    live.run(test())


def test_a_direct_message_waits_for_an_agent_that_is_away_and_the_next_process_goes_on(live: Live) -> None:
    async def test() -> None:
        async with Agents(live) as agents:
            alice = await agents.connected("alice")
            assert (await alice.agent("bob").send(1)).status == "stored"
            for wanted in (1, 2):
                bob = await agents.connected("bob")
                async for message in bob.inbox:
                    assert message.content == wanted
                    break
                await bob.close()
                assert (await alice.agent("bob").send(wanted + 1)).sequence == wanted + 1

    live.run(test())


def test_agents_say_how_they_are_ask_each_other_and_hear_of_changes(live: Live) -> None:
    async def test() -> None:
        async with Agents(live) as agents:
            alice = await agents.connected("alice", channels=["*", "$presence"])
            bob = await agents.connected("bob", status="idle", capabilities=["translate"])
            heard: list[tuple[str, str]] = []
            await alice.presence.subscribe(lambda agent: heard.append((agent.agent_id, agent.status)))
            await until(lambda: ("bob", "idle") in heard)
            await bob.presence.set(status="busy")
            await until(lambda: ("bob", "busy") in heard)
            found = [agent.agent_id async for agent in alice.presence.query(capability="translate")]
            assert found == ["bob"]
            await bob.close()
            await until(lambda: ("bob", "offline") in heard)

    live.run(test())


def test_what_the_token_does_not_allow_is_told(live: Live) -> None:
    async def test() -> None:
        async with Agents(live) as agents:
            alice = await agents.connected("alice", channels=["mine-*"])
            await alice.channel("mine-1").publish(1)
            for call in (alice.channel("other").publish(1), alice.channel("other").subscribe(print)):
                with pytest.raises(PubSubError) as refused:
                    await call
                assert refused.value.code == "forbidden"
            with pytest.raises(PubSubError) as refused:
                await agents.connected("bob", token="eyJ.bad.token")
            assert refused.value.code == "unauthorized"
            assert "eyJ" not in str(refused.value)

    live.run(test())


def test_nothing_listens_there(live: Live) -> None:
    async def test() -> None:
        bus = PubSub("ws://127.0.0.1:9", "t")
        with pytest.raises(PubSubError, match="nothing listens there") as late:
            await bus.connect(timeout=1)
        assert late.value.code == "timeout"
        await bus.close()

    live.run(test())


def test_the_local_copy_equals_the_history_copy(live: Live) -> None:
    dice = random.Random(1)

    def value(depth: int) -> Any:
        scalars: list[Any] = [
            None,
            True,
            "\u00e9\U0001f600\ud800",
            "",
            0,
            -0.0,
            1.0,
            2.5,
            2**53,
            2**60,
            1e300,
            5e-324,
        ]
        scalars += [dice.uniform(-1e25, 1e25), float(dice.getrandbits(70)), dice.getrandbits(70)]
        kind = dice.randrange(4) if depth < 3 else 0
        if kind == 1:
            return [value(depth + 1) for _ in range(dice.randrange(4))]
        if kind == 2:
            return {
                dice.choice(["a", "10", "__proto__", ""]): value(depth + 1) for _ in range(dice.randrange(4))
            }
        return dice.choice(scalars)

    async def test() -> None:
        async with Agents(live) as agents:
            alice = await agents.connected("alice")
            channel = alice.channel("c")
            heard: list[Message] = []
            await channel.subscribe(heard.append)
            for _ in range(60):
                await channel.publish(
                    value(0),
                    metadata={"m": value(1)},
                    type=dice.choice([None, "chat.line"]),
                    correlation_id=dice.choice([None, "c"]),
                    traceparent=dice.choice([None, "t"]),
                    extra=dice.choice([None, {"own": value(1), "sequence": 9, "expires_at": 1.0}]),
                )
            start = Position(heard[0].epoch or "", 0)
            kept = [message async for message in channel.history(after=start)]
            await until(lambda: len(heard) == 60)
            # As text, because 1 and 1.0 are equal in Python; whatever the order of the names.
            for copy, message in zip(heard, kept, strict=True):
                assert as_text(copy) == as_text(message)

    live.run(test())


def as_text(message: Message) -> str:
    names = set(Message.__dataclass_fields__) - {"replayed"}
    return json.dumps({name: getattr(message, name) for name in names}, sort_keys=True, default=str)
