"""Figures of the Python SDK: ACK times beside those of the JavaScript SDK, ephemeral messages per second, memory.

`python figures.py` prints them, each as JSON; exit code 1 when one is over its bound.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from artcafe import PubSub
from artcafe._connection import dialer
from artcafe._shared import clock
from bus_process import NO_LIMITS, REPOSITORY, BusProcess, running_bus
from fake_server import FakeServer
from fake_time import FakeTimeLoop

ROUNDS = 4
# Of each SDK in each round. The first ones open the connection and warm the functions up.
ACKS = 150
WARM_UP = 20
MOST_RATIO = 1.5
EPHEMERAL = 10_000
LEAST_PER_SECOND = 1_000
MEMORY_MESSAGES = 100_000
# So that the ids of the last two minutes, which are kept, are as many all the time.
MEMORY_PER_SECOND = 100
MOST_GROWTH = 1.1


async def ack_times_of_javascript(bus: BusProcess, name: str) -> list[float]:
    process = await asyncio.create_subprocess_exec(
        os.environ.get("NODE", "node"),
        "--import",
        "tsx",
        "test/python/ack-times.ts",
        bus.url,
        await bus.token(name),
        str(ACKS),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    times: list[float] = json.loads(said)
    return times[WARM_UP:]


async def ack_times(bus: BusProcess, name: str) -> list[float]:
    times: list[float] = []
    async with PubSub(bus.url, await bus.token(name)) as client:
        channel = client.channel("acks")
        for number in range(ACKS):
            began = time.perf_counter()
            await channel.publish(number)
            times.append((time.perf_counter() - began) * 1_000)
    return times[WARM_UP:]


async def ephemeral_per_second(bus: BusProcess) -> float:
    async with PubSub(bus.url, await bus.token("flood")) as client:
        channel = client.channel("flood")
        began = time.perf_counter()
        await asyncio.gather(*(channel.publish({"n": n}, ephemeral=True) for n in range(EPHEMERAL)))
        return EPHEMERAL / (time.perf_counter() - began)


async def memory(server: FakeServer) -> tuple[int, int]:
    """The most traced bytes in each half of the messages, received and published by one client, looked at ten times.

    A dict takes its room in steps, at a moment that has nothing to do with how much it holds.
    """

    async def token() -> str:
        return "a"

    heard = 0

    def count(_: Any) -> None:
        nonlocal heard
        heard += 1

    tracemalloc.start()
    traced = []
    async with PubSub("wss://bus", token) as client:
        channel = client.channel("c")
        await channel.subscribe(count)
        for sent in range(MEMORY_PER_SECOND, MEMORY_MESSAGES + 1, MEMORY_PER_SECOND):
            await asyncio.gather(*(channel.publish(number) for number in range(MEMORY_PER_SECOND)))
            await asyncio.sleep(1)
            server.texts.clear()
            # The log of the fake service is its own business; the newest row is where it goes on.
            del server.log("c").rows[:-1]
            if sent % (MEMORY_MESSAGES // 10) == 0:
                gc.collect()
                traced.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert heard == MEMORY_MESSAGES
    return max(traced[:5]), max(traced[5:])


def memory_on_fake_time() -> tuple[int, int]:
    loop = FakeTimeLoop()
    real = clock.now, dialer.open_socket
    server = FakeServer()
    clock.now, dialer.open_socket = loop.now, server.open  # type: ignore[assignment]
    try:
        return loop.run_until_complete(memory(server))
    finally:
        clock.now, dialer.open_socket = real
        loop.close()


def tell(**figures: Any) -> None:
    print(json.dumps(figures), flush=True)  # noqa: T201


async def live_figures() -> bool:
    javascript: list[float] = []
    python: list[float] = []
    async with running_bus(settings=NO_LIMITS) as bus:
        for number in range(ROUNDS):
            javascript += await ack_times_of_javascript(bus, f"javascript-{number}")
            python += await ack_times(bus, f"python-{number}")
        medians = {"javascript": statistics.median(javascript), "python": statistics.median(python)}
        ratio = medians["python"] / medians["javascript"]
        tell(ack_p50_ms={name: round(value, 1) for name, value in medians.items()}, ratio=round(ratio, 2))
        rate = await ephemeral_per_second(bus)
        tell(ephemeral_per_second=round(rate))
    return ratio <= MOST_RATIO and rate >= LEAST_PER_SECOND


def main() -> bool:
    is_fast = asyncio.run(live_figures())
    early, late = memory_on_fake_time()
    tell(messages=[MEMORY_MESSAGES // 2, MEMORY_MESSAGES], traced_kilobytes=[early // 1_000, late // 1_000])
    return is_fast and late <= early * MOST_GROWTH


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
