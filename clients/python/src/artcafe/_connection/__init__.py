"""From a URL and a token to an open connection: handshake, questions and answers, retries, replacement, pings."""
