"""Agents with the Python SDK and agents with the JavaScript SDK in the same channels, with requests, direct messages and cuts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from artcafe import Backoff, PubSub
from cuttable import Cuttable, networks
from live_bus import Live

NAMES = ["both-1", "both-2"]
ROUNDS = 6
EACH = 10
TOTAL = 2 * len(NAMES) * ROUNDS * EACH


async def until(is_so: Callable[[], Any]) -> None:
    """The test's own time is its end."""
    while not await is_so():
        await asyncio.sleep(0.1)


class Both:
    """Two agents with each SDK."""

    def __init__(self, live: Live) -> None:
        self.bus = live.bus
        self.clients: dict[str, PubSub] = {}
        self.sequences: dict[str, list[int]] = {name: [] for name in NAMES}
        self.inbox: dict[str, list[Any]] = {name: [] for name in NAMES}
        self.gaps: list[Any] = []

    async def act(self, number: int, action: str, given: Any = None) -> Any:
        return await self.bus.call("agent", agent=f"javascript-{number}", action=action, given=given)

    async def open(self) -> None:
        for number, name in enumerate(NAMES):
            await self.bus.call("open", agent=f"javascript-{number}")
            await self._open_python(name)

    async def _open_python(self, name: str) -> None:
        async def token() -> str:
            return await self.bus.token(name, "both")

        networks[name] = Cuttable()
        client = PubSub(
            f"{self.bus.url}/{name}",
            token,
            backoff=Backoff(base=0.2),
            status="busy",
            capabilities=["python"],
        )
        self.clients[name] = client
        client.on("gap", self.gaps.append)
        client.on_request(lambda content, _: {"python": content})
        await client.channel("all").subscribe(
            lambda message: self.sequences[name].append(message.sequence or 0)
        )
        await client.inbox.subscribe(lambda message: self.inbox[name].append(message.content))

    async def round(self, number: int) -> None:
        """Everybody publishes, and sends to the other side; on the way two connections are cut, one of each SDK."""
        contents = [[number, each] for each in range(EACH)]
        work: list[Any] = []
        for index, name in enumerate(NAMES):
            channel = self.clients[name].channel("all")
            work += [channel.publish(content) for content in contents]
            work += [self.clients[name].agent(f"javascript-{index}").send(content) for content in contents]
            work.append(self.act(index, "publish", contents))
            work.append(self.act(index, "send", {"to": name, "contents": contents}))
        doing = asyncio.gather(*work)
        await asyncio.sleep(0.05)
        networks[NAMES[number % 2]].cut()
        await self.act(number % 2, "cut")
        await doing

    async def has_all(self) -> bool:
        others = [await self.act(number, "heard") for number in range(len(NAMES))]
        lists = [*self.sequences.values(), *(other["sequences"] for other in others)]
        inboxes = [*self.inbox.values(), *(other["inbox"] for other in others)]
        is_everywhere = all(len(each) >= TOTAL for each in lists)
        return is_everywhere and all(len(each) >= ROUNDS * EACH for each in inboxes)

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self.clients.values()))


def test_both_hear_the_same_once_and_in_order_and_answer_each_other(live: Live) -> None:
    async def test() -> None:
        both = Both(live)
        await both.open()
        for number in range(ROUNDS):
            await both.round(number)
        await until(both.has_all)
        contents = [[number, each] for number in range(ROUNDS) for each in range(EACH)]
        for number, name in enumerate(NAMES):
            other = await both.act(number, "heard")
            assert both.sequences[name] == other["sequences"] == list(range(1, TOTAL + 1))
            assert both.inbox[name] == other["inbox"] == contents
            assert other["gaps"] == both.gaps == []

            reply = await both.clients[name].agent(f"javascript-{number}").request(number, timeout=20)
            assert reply.content == {"javascript": number}
            answer = await both.act(number, "request", {"to": name, "content": number})
            assert answer == {"python": number}

        query = both.clients[NAMES[0]].presence.query(capability="javascript", online=True)
        assert [agent.agent_id async for agent in query] == ["javascript-0", "javascript-1"]
        assert await both.act(0, "presence", "python") == NAMES
        await both.close()

    live.run(test())
