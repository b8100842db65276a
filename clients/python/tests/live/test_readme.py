"""What a new user copies: the README's first lines and the examples, against `npm start`."""

from __future__ import annotations

import ast
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from bus_process import REPOSITORY

FOLDER = REPOSITORY / "clients/python"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (FOLDER / "README.md").read_text(), re.MULTILINE | re.DOTALL)
EXAMPLES = sorted((FOLDER / "examples").glob("*.py"))


def said_by(code: str, environment: dict[str, str]) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_ten_lines_run(npm_start: str, environment: dict[str, str]) -> None:
    code = BLOCKS[0]
    assert len([line for line in code.splitlines() if line]) == 10
    assert "ws://127.0.0.1:8787/v1" in code
    code = code.replace("ws://127.0.0.1:8787/v1", npm_start)
    assert said_by(code, environment) == "You asked: Are you there?\n"


@pytest.mark.parametrize("code", BLOCKS)
def test_every_block_is_python(code: str) -> None:
    compile(code, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_has_at_most_40_lines(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 40


def test_two_agents(environment: dict[str, str]) -> None:
    assert said_by((FOLDER / "examples/two_agents.py").read_text(), environment) == (
        "The sum is 42\n"
        "request_failed I add numbers only\n"
        "no_responders Nobody is connected who could reply\n"
    )


def test_langgraph_agent(environment: dict[str, str]) -> None:
    pytest.importorskip("langgraph", reason="langgraph is not installed")
    assert said_by((FOLDER / "examples/langgraph_agent.py").read_text(), environment) == "IS ANYBODY THERE?\n"


def test_fastapi_page(environment: dict[str, str]) -> None:
    pytest.importorskip("fastapi", reason="fastapi is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(FOLDER / "examples")]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "warning", "fastapi_page:app"],
        cwd=REPOSITORY,
        env=environment,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        assert b"EventSource" in answer(f"{base}/")
        heard: list[bytes] = []
        reading = threading.Thread(target=lambda: heard.append(answer(f"{base}/events", whole=False)))
        reading.start()
        while reading.is_alive():
            said_by(PUBLISH, environment)
        assert json.loads(heard[0].removeprefix(b"data: ")) == "hello"
    finally:
        server.terminate()
        server.wait()


PUBLISH = """
import asyncio, os, subprocess
from artcafe import PubSub
command = "npm run --silent token -- --tenant demo --agent alice"
async def main():
    async with PubSub(os.environ["BUS_URL"], subprocess.check_output(command, shell=True, text=True).strip()) as bus:
        await bus.channel("lobby").publish("hello")
asyncio.run(main())
"""


def answer(url: str, whole: bool = True) -> bytes:
    """All of it, or its first line. The server may not be there yet."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                text: bytes = response.read() if whole else response.readline()
                return text
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
