"""A page that shows a channel. `uvicorn fastapi_page:app` beside `npm start`, in the checkout; needs `fastapi` and `uvicorn`."""

import json
import os
import subprocess
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse

from artcafe import PubSub

URL = os.environ.get("BUS_URL", "ws://127.0.0.1:8787/v1")
COMMAND = ["npm", "run", "--silent", "token", "--", "--tenant", "demo", "--agent", "page"]
PAGE = """<ul id="log"></ul><script>
new EventSource('/events').onmessage = ({ data }) => {
  log.append(Object.assign(document.createElement('li'), { textContent: JSON.parse(data) }));
};
</script>"""
bus = PubSub(URL, lambda: subprocess.check_output(COMMAND, text=True).strip())


@asynccontextmanager
async def lifespan(_: FastAPI):
    async with bus:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/", response_class=HTMLResponse)
async def page() -> str:
    return PAGE


@app.get("/events")
async def events() -> StreamingResponse:
    lines = (f"data: {json.dumps(message.content)}\n\n" async for message in bus.channel("lobby"))
    return StreamingResponse(lines, media_type="text/event-stream")
