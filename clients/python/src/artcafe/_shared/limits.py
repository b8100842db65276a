"""Names and limits of the protocol that a client keeps."""

from __future__ import annotations

SUB_PROTOCOL = "artcafe.v1"
INBOX = "$inbox"
PRESENCE = "$presence"
FRAME_BYTES = 32_768
BATCH_FRAMES = 25
RESUME_CHANNELS = 100
PING_CHANNELS = 20
REQUEST_TIMEOUT = 2_073_600.0
"""The longest that a request may wait, in seconds: 24 days."""
