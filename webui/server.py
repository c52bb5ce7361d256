"""The site's web server: uvicorn, which also answers those who are about to ask when it is told to stop.

By itself, uvicorn closes each connection on which no request is being answered as soon as it stops; who had connected a
moment before would find the door shut on a request that was on its way. Here nobody is hung up on for a second.
"""

import argparse
import asyncio
import contextlib
import socket

import uvicorn

from fifod.client import remove_reply_fifos

APPLICATION = "webui.asgi:application"
SECONDS_TO_ASK = 1.0
"""For connections that are open when the server stops; those that come then wait for the next server."""
SECONDS_TO_ANSWER = 3


class Server(uvicorn.Server):
    """A server whose last answers say that they are the last."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, answer what comes in on those there are, and close them."""
        for server in self.servers:
            server.close()
        self.server_state.default_headers.append((b"connection", b"close"))  # which closes it behind the answer
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_TO_ASK):
                while self.server_state.connections:
                    await asyncio.sleep(0.02)
        await super().shutdown(sockets)
        # Behind this uvicorn lets the signal end the process, and Python cleans nothing up; nor is there time to wait
        # for threads that still draw.
        remove_reply_fifos()


def serve(application: str, fd: int | None, port: int = 0) -> None:
    """Serve an ASGI application at a socket that listens already, or else at a port of this machine, until a signal."""
    config = uvicorn.Config(
        application,
        fd=fd,
        port=port,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=SECONDS_TO_ANSWER,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Server(config).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m webui.server", description="Serve fifod's web site on this machine.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, metavar="N", help="at a socket that was inherited and listens")
    where.add_argument("--port", type=int, metavar="N", default=0, help="at a port of the loopback address")
    asked = parser.parse_args()
    serve(APPLICATION, asked.fd, asked.port)
