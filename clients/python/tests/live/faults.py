"""The client under faults on the laptop gateway: 5 publishers, 20 subscribers, 2,000 messages.

Meanwhile one random socket is cut every 300 ms, texts are lost on the client's side (ACKs among them), functions start and
answer late and in another order, are run twice and die at their calls, posts and tables are throttled, ends of connections are
reported twice or never, tokens expire, and all pass the agents' rate limit. Half way the clock moves until the platform cuts
every connection for its age. One agent gets direct messages; its processes register their handler late and crash every four
seconds.

`python faults.py [SEED [MESSAGES]]` prints figures as JSON; exit code 1 when anything is lost, doubled or out of order, or
when a fault never happened. The JavaScript SDK's run is test/load/client-faults.ts.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from artcafe import Backoff, Message, PubSub
from bus_process import BusProcess, running_bus
from cuttable import Cuttable, networks

PUBLISHERS = 5
SUBSCRIBERS = 20
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
# One publish in this many is followed by a direct message.
DIRECT_EVERY = 5
# Of the cuts.
CRASH_EVERY = 13
CUT_EVERY = 0.3
# Fewer are not cut further: a machine that is slow to connect would get nowhere.
LEAST_OPEN = 0.8 * (PUBLISHERS + SUBSCRIBERS)
# Of the texts that come in at a client while the faults are on.
LOST_SHARE = 0.01
TOKEN_LIFE = 20
# More than one takes, with its delays.
HANDSHAKE = 3.0
# Shorter than the ten minutes after which the platform closes a silent connection.
STEP_MS = 9 * 60_000
# With the last of them every connection is over two hours old.
STEPS = 14
# A minute later the platform would close them as silent ones, with the same code.
AGE_CUT = 30.0
PATIENCE = 100.0
# From the start of a process to its handler.
LATE = 1.5
# A handler's work, so that some of it is under way at a crash.
WORK = 0.003

RULES: list[dict[str, Any]] = [
    {"service": "connections", "operation": "post", "fault": "throttle", "probability": 0.01},
    {"service": "dynamodb", "fault": "throttle", "probability": 0.01},
    *(
        {
            "service": "dynamodb",
            "function": "Default",
            "fault": "kill",
            "when": when,
            "probability": 2 / MESSAGES,
        }
        for when in ("before", "after")
    ),
    {
        "service": "event",
        "operation": "message",
        "fault": "duplicate",
        "delayMs": 200,
        "probability": 40 / MESSAGES,
    },
]
FAULTS = {
    "connect": {"startDelayMs": 20, "replyDelayMs": 20},
    "message": {"startDelayMs": 60, "replyDelayMs": 0},
    "disconnect": {"startDelayMs": 500, "lose": 0.2, "duplicate": 0.2},
}


class Receiver:
    """An agent that gets direct messages while its processes crash: each registers its handler late, and ends without a word."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.crashes = 0
        self.handled: set[Any] = set()
        self.lives: list[list[int]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stop: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._live(len(self.lives))))

    def crash(self) -> None:
        self.crashes += 1
        self._stop()
        self.start()

    async def close(self) -> None:
        self._stop()
        await asyncio.gather(*self._tasks)

    async def _live(self, number: int) -> None:
        sequences: list[int] = []
        self.lives.append(sequences)
        ended = asyncio.Event()
        network = self._run.network(f"receiver-{number}")
        self._stop = ended.set
        client = self._run.client("receiver", f"receiver-{number}")
        networks[f"receiver-{number}"] = network

        async def handle(message: Message) -> None:
            if ended.is_set():
                await asyncio.Event().wait()
            sequences.append(message.sequence or 0)
            await asyncio.sleep(WORK)
            self.handled.add(message.content)

        connecting = asyncio.create_task(client.connect())
        listening = asyncio.create_task(self._listen(client, handle))
        await ended.wait()
        network.is_down = True
        network.loses_text = lambda: True
        network.cut()
        listening.cancel()
        await client.close()
        await asyncio.gather(connecting, listening, return_exceptions=True)

    @staticmethod
    async def _listen(client: PubSub, handle: Callable[[Message], Any]) -> None:
        await asyncio.sleep(LATE)
        await client.inbox.subscribe(handle)


class Run:
    """All clients, and what they hear."""

    def __init__(self, bus: BusProcess, seed: int) -> None:
        self.bus = bus
        self.dice = random.Random(seed)
        self.seed = seed
        self.is_calm = True
        self.token_life = TOKEN_LIFE
        self.gaps: list[Any] = []
        self.reconnects = 0
        self.cuts = 0
        self.direct = 0
        self.accepted: list[int] = []
        self.heard: list[list[int]] = []
        self.all = self.network("all")
        self.receiver = Receiver(self)
        self.publishers: list[PubSub] = []
        self.subscribers: list[PubSub] = []

    def network(self, name: str) -> Cuttable:
        networks[name] = Cuttable(lambda: not self.is_calm and self.dice.random() < LOST_SHARE)
        return networks[name]

    def client(self, agent: str, network: str = "all") -> PubSub:
        async def token() -> str:
            return await self.bus.token(agent, "faults", self.token_life)

        client = PubSub(f"{self.bus.url}/{network}", token, backoff=Backoff(base=0.2))
        client.on("gap", self.gaps.append)
        return client

    async def connected(self, agent: str) -> PubSub:
        client = self.client(agent)
        client.on("state", self._count)
        await client.connect()
        return client

    def _count(self, change: Any) -> None:
        self.reconnects += change.state == "connecting"

    async def connect_all(self) -> None:
        self.is_calm = False
        for number in range(SUBSCRIBERS):
            client = await self.connected(f"subscriber-{number}")
            sequences: list[int] = []
            self.heard.append(sequences)
            await client.channel("all").subscribe(
                lambda message, sequences=sequences: sequences.append(message.sequence)  # type: ignore[misc]
            )
            self.subscribers.append(client)
        self.publishers = [await self.connected(f"publisher-{number}") for number in range(PUBLISHERS)]
        self.is_calm = True
        self.receiver.start()

    async def send(self, count: int) -> None:
        """As fast as the clients take them, as many from each publisher, with a direct message now and then."""
        each = range(count // PUBLISHERS)
        await asyncio.gather(*(self._send(client, number) for client in self.publishers for number in each))

    async def _send(self, client: PubSub, number: int) -> None:
        calls = [client.channel("all").publish(number)]
        if number % DIRECT_EVERY == 0:
            self.direct += 1
            calls.append(client.agent("receiver").send(self.direct))
        receipt, *_ = await asyncio.gather(*calls)
        self.accepted.append(receipt.sequence or 0)

    async def send_in_storm(self, count: int) -> None:
        self.is_calm = False
        cutting = asyncio.create_task(self._cut_now_and_then())
        await self.send(count)
        cutting.cancel()
        self.is_calm = True

    async def _cut_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(CUT_EVERY)
            if len(self.all.open) < LEAST_OPEN:
                continue
            self.all.cut(self.dice.randrange(len(self.all.open)))
            self.cuts += 1
            if self.cuts % CRASH_EVERY == 0:
                self.receiver.crash()

    def cut_all(self) -> None:
        while self.all.open:
            self.all.cut()

    async def grow_old(self) -> int:
        """Moves the clock until the platform cuts every connection for its age; gives how many it has cut."""
        # With short tokens no connection would get old. What is being opened just now still has one, so it is cut as well.
        self.token_life = 3 * 3_600
        self.cut_all()
        await asyncio.sleep(HANDSHAKE)
        self.cut_all()
        everybody = PUBLISHERS + SUBSCRIBERS
        await until(lambda: len(self.all.open) == everybody)
        before = 0
        for _ in range(STEPS):
            # Something for every connection, so that none is closed as a silent one, nor met by the move within its hello.
            await self.send(PUBLISHERS)
            await until(lambda: all(len(heard) >= len(self.accepted) for heard in self.heard))
            before = self.all.closed_by_peer
            await self.bus.call("advance", ms=STEP_MS)
        self.token_life = TOKEN_LIFE
        await until(lambda: self.all.closed_by_peer - before >= everybody, AGE_CUT)
        return self.all.closed_by_peer - before

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in [*self.publishers, *self.subscribers]))
        await self.receiver.close()


async def until(is_so: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Ends as well when it does not come about; the figures then say so."""
    deadline = time.monotonic() + patience
    while not is_so() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


def doubled(sequences: list[int]) -> int:
    return len(sequences) - len(set(sequences))


def out_of_order(sequences: list[int]) -> int:
    return sum(after < before for before, after in itertools.pairwise(sequences))


async def main(seed: int) -> bool:
    plan = {"seed": seed, "rules": RULES}
    async with running_bus(faults={"seed": seed, **FAULTS}, faultPlan=plan) as bus:
        run = Run(bus, seed)
        await run.connect_all()
        began = time.monotonic()
        await run.send_in_storm(MESSAGES // 2)
        await bus.call("plan")
        cut_for_age = await run.grow_old()
        await bus.call("plan", seed=seed + 1, rules=RULES)
        await run.send_in_storm(MESSAGES // 2 - STEPS * PUBLISHERS)
        fired = await bus.call("plan")
        sent = time.monotonic() - began
        # The last cut: a client that missed the end of the channel gets it by resuming.
        run.cut_all()
        await until(lambda: all(len(heard) >= MESSAGES for heard in run.heard))
        await until(lambda: len(run.receiver.handled) >= run.direct)
        result = figures(run, cut_for_age, fired, sent, time.monotonic() - began)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(run.close(), 30)
    print(json.dumps(result, indent=2))  # noqa: T201
    return is_whole(result)


def figures(run: Run, cut_for_age: int, fired: list[int], sent: float, total: float) -> dict[str, Any]:
    wanted = set(range(1, MESSAGES + 1))
    lives = run.receiver.lives
    every = [sequence for life in lives for sequence in life]
    in_one_life = sum(map(doubled, lives))
    return {
        "seed": run.seed,
        "publishers": PUBLISHERS,
        "subscribers": SUBSCRIBERS,
        "messages": MESSAGES,
        "deliveries": sum(map(len, run.heard)),
        "lost": sum(len(wanted - set(heard)) for heard in run.heard),
        "doubled": sum(map(doubled, run.heard)),
        "out_of_order": sum(map(out_of_order, run.heard)),
        "acknowledged": len(set(run.accepted)),
        "gaps": len(run.gaps),
        "inbox": {
            "messages": run.direct,
            "crashes": run.receiver.crashes,
            "lost": run.direct - len(run.receiver.handled),
            "doubled": in_one_life,
            "out_of_order": sum(map(out_of_order, lives)),
            "repeated_after_a_crash": doubled(every) - in_one_life,
        },
        "cuts": run.cuts,
        "cut_for_their_age": cut_for_age,
        "fired": fired,
        "reconnects": run.reconnects,
        "sent_ms": round(sent * 1_000),
        "total_ms": round(total * 1_000),
    }


def is_whole(result: dict[str, Any]) -> bool:
    inbox = result["inbox"]
    wrong = [result[name] for name in ("lost", "doubled", "out_of_order", "gaps")]
    wrong += [inbox[name] for name in ("lost", "doubled", "out_of_order")]
    has_met_all = (
        result["cut_for_their_age"] == PUBLISHERS + SUBSCRIBERS
        and all(result["fired"])
        and inbox["crashes"] > 0
    )
    is_complete = result["deliveries"] == MESSAGES * SUBSCRIBERS and result["acknowledged"] == MESSAGES
    return not any(wrong) and has_met_all and is_complete


if __name__ == "__main__":
    given = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1_000_000)
    sys.exit(0 if asyncio.run(main(given)) else 1)
