"""The promise of the whole client, over random histories.

Whatever is dropped, doubled, overtaken, refused or cut, every handler gets the channel's messages once and in order, and every
acknowledged publish is in the log once.
"""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import pytest

from artcafe import Echo, Message
from fake_bus import FakeBus
from fake_server import Faults

RUNS = int(os.environ.get("RUNS", "40"))
AGENTS = ["a", "b", "c"]
MESSAGES = 12
TRIAL = 20.0
# Every hole is known after a ping and fetched after the longest pause.
HEALING = 600.0


def chance(dice: random.Random, percent: float) -> Any:
    return lambda: dice.random() * 100 < percent


def storm(dice: random.Random) -> Faults:
    fails = chance(dice, dice.random() * 20)
    most_delay = dice.random()
    return Faults(
        delay=lambda: 0.001 + dice.random() * most_delay,
        loses_post=chance(dice, dice.random() * 30),
        doubles_post=chance(dice, dice.random() * 30),
        loses_answer=chance(dice, dice.random() * 20),
        doubles_row=chance(dice, dice.random() * 10),
        fails_publish=lambda: dice.choice(["lost", "written"]) if fails() else None,
    )


@pytest.mark.parametrize("seed", range(RUNS))
async def test_every_handler_gets_the_messages_of_the_channel_once_and_in_order(
    bus: FakeBus, seed: int
) -> None:
    dice = random.Random(seed)
    server = bus.server
    echo: Echo = dice.choice([True, "server", False])
    if dice.random() < 0.5:
        server.token_life = 10.0
    heard: dict[str, list[Message]] = {agent: [] for agent in AGENTS}
    clients = [await bus.connected(agent, echo=echo) for agent in AGENTS]
    for agent, client in zip(AGENTS, clients, strict=True):
        await client.channel("c").subscribe(heard[agent].append)
    server.faults = storm(dice)
    loop = asyncio.get_running_loop()
    for _ in range(dice.randrange(12)):
        loop.call_later(dice.random() * TRIAL, lambda: server.sockets and dice.choice(server.sockets).drop())

    async def publish(agent: str, number: int) -> None:
        await asyncio.sleep(dice.random() * TRIAL)
        await clients[AGENTS.index(agent)].channel("c").publish(f"{agent}{number}")

    publishing = [
        asyncio.create_task(publish(agent, number)) for agent in AGENTS for number in range(MESSAGES)
    ]
    await asyncio.sleep(TRIAL)
    server.faults = Faults()
    await asyncio.sleep(HEALING)
    await asyncio.gather(*publishing)

    first = {row["id"]: row for row in reversed(server.log("c").rows)}
    rows = sorted(first.values(), key=lambda row: row["sequence"])
    assert len(rows) == len(AGENTS) * MESSAGES
    for agent in AGENTS:
        wanted = [row["sequence"] for row in rows if echo is not False or row["agent_id"] != agent]
        assert [message.sequence for message in heard[agent]] == wanted
    for client in clients:
        await client.close()


@pytest.mark.parametrize("seed", range(RUNS // 2))
async def test_a_publishers_own_order_is_kept_whatever_is_cut(bus: FakeBus, seed: int) -> None:
    dice = random.Random(seed)
    client = await bus.connected("a")
    loop = asyncio.get_running_loop()
    for _ in range(dice.randrange(8)):
        loop.call_later(dice.random() * 3, lambda: bus.server.sockets and bus.server.sockets[0].drop())
    publishing = []
    for number in range(60):
        publishing.append(asyncio.create_task(client.channel("c").publish(number)))
        await asyncio.sleep(0.05)
    await asyncio.gather(*publishing)
    assert [row["content"] for row in bus.server.log("c").rows] == list(range(60))
    await client.close()
