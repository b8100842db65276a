"""A LangGraph agent behind `on_request`: `python langgraph_agent.py` beside `npm start`, in the checkout; needs `langgraph`."""

import asyncio
import os
import subprocess
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

from artcafe import PubSub

URL = os.environ.get("BUS_URL", "ws://127.0.0.1:8787/v1")


class State(TypedDict):
    question: str
    answer: str


graph = StateGraph(State)
graph.add_node("think", lambda state: {"answer": state["question"].upper()})  # here a model would be asked
thinking = graph.add_edge(START, "think").add_edge("think", END).compile()


def agent(name: str) -> PubSub:
    command = ["npm", "run", "--silent", "token", "--", "--tenant", "demo", "--agent", name]
    return PubSub(URL, lambda: subprocess.check_output(command, text=True).strip())


async def main() -> None:
    async with agent("thinker") as thinker, agent("asker") as asker:

        @thinker.on_request
        async def answer(question, message):
            return (await thinking.ainvoke({"question": question}))["answer"]

        print((await asker.agent("thinker").request("is anybody there?")).content)


asyncio.run(main())
