"""Prints the events of a Ringfence as JSON lines. Needs the package `websockets`.

    RINGFENCE_TOKEN=rf_... python wsi_client.py wss://192.0.2.10:8885/ web.crt bans calls

The token comes from POST /api/v1/auth/token. It is read from the environment, never from the command line, where every
user of the machine could see it. `--since ID` goes on after the last event you heard.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the events of a Ringfence as JSON lines.")
    parser.add_argument("url", help="wss://HOST:8885/")
    parser.add_argument("certificate", help="the certificate of the system, or of who signed it, in PEM")
    parser.add_argument("topics", nargs="+", help="registrations, calls, bans, budgets, alarms, trunks, settings, ...")
    parser.add_argument("--since", help="the id of the last event you heard")
    options = parser.parse_args()
    trust = ssl.create_default_context(cafile=options.certificate)
    headers = {"Authorization": f"Bearer {os.environ['RINGFENCE_TOKEN']}"}
    async with connect(options.url, ssl=trust, additional_headers=headers, proxy=None) as events:
        wish = {"type": "subscribe", "topics": options.topics}
        await events.send(json.dumps(wish | ({"since": options.since} if options.since else {})))
        try:
            async for message in events:
                print(message, flush=True)
        except ConnectionClosed:
            pass
    print(f"closed: {events.close_code} {events.close_reason}", file=sys.stderr, flush=True)
    return 0 if events.close_code in (1000, 1001) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
