"""Two agents: one asks, the other answers. `python two_agents.py` beside `npm start`, in the checkout."""

import asyncio
import os
import subprocess

from artcafe import PubSub, PubSubError, RequestError

URL = os.environ.get("BUS_URL", "ws://127.0.0.1:8787/v1")


def agent(name: str) -> PubSub:
    command = ["npm", "run", "--silent", "token", "--", "--tenant", "demo", "--agent", name]
    return PubSub(URL, lambda: subprocess.check_output(command, text=True).strip())


async def main() -> None:
    async with agent("asker") as asker, agent("adder") as adder:

        @adder.on_request
        async def add(numbers, message):
            if not all(isinstance(number, int) for number in numbers):
                raise RequestError("I add numbers only")
            return sum(numbers)

        reply = await asker.agent("adder").request([20, 22], timeout=5)
        print("The sum is", reply.content)
        for name, numbers in (("adder", ["x"]), ("nobody", [1])):
            try:
                await asker.agent(name).request(numbers)
            except PubSubError as error:
                print(error.code, error)


asyncio.run(main())
