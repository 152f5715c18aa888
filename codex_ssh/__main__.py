"""``python -m codex_ssh`` and the ``codex-ssh`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from codex_ssh.local.collector import rest_at_end, rest_at_start

    rest_at_start()

    from codex_ssh.cli.main import run

    code = run(sys.argv[1:])
    # What was never imported has not parted.
    if parting := sys.modules.get("codex_ssh.local.parting"):
        parting.end_at_once(code)
    rest_at_end()
    sys.exit(code)


if __name__ == "__main__":
    main()
