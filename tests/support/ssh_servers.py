"""SSH servers inside the test's own process, and their connections, which end with them."""

from __future__ import annotations

from collections.abc import Callable

import asyncssh


def noted(
    factory: Callable[[], asyncssh.SSHServer], made: list[asyncssh.SSHServerConnection]
) -> Callable[[], asyncssh.SSHServer]:
    """Give a factory of servers whose connections are written down."""

    def make() -> asyncssh.SSHServer:
        server = factory()
        told = server.connection_made

        def connection_made(connection: asyncssh.SSHServerConnection) -> None:
            made.append(connection)
            told(connection)

        server.connection_made = connection_made  # type: ignore[method-assign,assignment]
        return server

    return make


async def end(server: asyncssh.SSHAcceptor, made: list[asyncssh.SSHServerConnection]) -> None:
    """End a server and every connection it has: one whose client has just left does not know it yet."""
    server.close()
    await server.wait_closed()
    for connection in made:
        connection.abort()
        await connection.wait_closed()
