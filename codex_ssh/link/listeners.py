"""What listens on the devbox, asked by one small script.

Lives here: asking, and remembering whose each socket is. Not here: the script (``listeners.sh``), reading its
answer (:mod:`codex_ssh.core.listening`), and how often it is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from codex_ssh.core.listening import Holder, Listening, read_holders, read_listening
from codex_ssh.core.probe import ProbeError, parse_lines, read_address
from codex_ssh.link.shell import compose, unreadable
from codex_ssh.link.ssh import Ssh

TIMEOUT_SECONDS: Final = 10.0


class Listeners:
    """Asks, and asks less every later time: a process is looked for once per socket.

    Attributes:
        asked: How often it was asked so far.
        is_elsewhere: The shell that answered is in another network namespace than its sshd: what listens
            there is reached by a program in that shell only.
    """

    def __init__(self) -> None:
        self._holders: dict[str, Holder] = {}
        self.asked = 0
        self.is_elsewhere = False

    async def read(self, ssh: Ssh) -> Listening:
        """Give what the login user listens on.

        Raises:
            AppServerError: The devbox did not answer as a POSIX shell would.
            ForwardError: It runs nothing, or not in time.
            LinkLost: The connection went away meanwhile.
        """
        return (await self._ask(ssh, ""))[0]

    async def clients(self, ssh: Ssh, port: int, hosts: Collection[str]) -> frozenset[str] | None:
        """Give the connections of a port at some addresses, in a form that is only compared.

        Returns:
            None where that cannot be seen, or nobody listens.

        Raises:
            AppServerError, ForwardError, LinkLost: As :meth:`read`.
        """
        listening, facts = await self._ask(ssh, str(port))
        if facts.get("seen") != "proc" or listening.at(port) is None:
            return None
        rows = facts.get("client", "").splitlines()
        return frozenset(row for row in rows if read_address(row.partition(":")[0]) in hosts)

    async def _ask(self, ssh: Ssh, port: str) -> tuple[Listening, dict[str, str]]:
        self.asked += 1
        known = "".join(f"{number} " for number in self._holders)
        script = compose("form.sh", "listeners.sh", KNOWN=known, PORT=port)
        ran = await ssh.run(script.text, timeout=TIMEOUT_SECONDS)
        try:
            facts = parse_lines(ran.stdout, marker=script.marker)
            self._holders |= read_holders(facts)
            listening = read_listening(facts, self._holders)
        except (ProbeError, ValueError) as error:
            raise unreadable(ssh.host, ran, str(error)) from error
        self.is_elsewhere = facts.get("namespace") == "other"
        # Whose nobody could see is not looked for again either.
        self._holders = {number: self._holders.get(number, Holder()) for number in listening.sockets}
        return listening, facts
