#!/usr/bin/env python3
"""A link of so many milliseconds there and back before a server on the loopback interface, where the kernel has no netem: bytes of either
direction arrive half of it later, and a connection is there after the whole.
usage: bench/slow_link.py MILLISECONDS SERVER_PORT       prints its own port"""
import asyncio
import sys

delay, server = float(sys.argv[1]) / 1000, int(sys.argv[2])
CHUNK = 1 << 18


async def carry(reader, writer):
    """What comes goes into a queue with the time at which it arrives."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue(256)

    async def take():
        while data := await reader.read(CHUNK):
            await queue.put((loop.time() + delay / 2, data))
        await queue.put((loop.time() + delay / 2, b""))

    taking = asyncio.ensure_future(take())
    try:
        while True:
            when, data = await queue.get()
            await asyncio.sleep(max(0, when - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
    finally:
        taking.cancel()
        writer.close()


async def connected(reader, writer):
    await asyncio.sleep(delay)
    there, back = await asyncio.open_connection("127.0.0.1", server, limit=CHUNK)
    await asyncio.gather(carry(reader, back), carry(there, writer), return_exceptions=True)


async def main():
    listening = await asyncio.start_server(connected, "127.0.0.1", 0, limit=CHUNK, backlog=512)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


asyncio.run(main())
