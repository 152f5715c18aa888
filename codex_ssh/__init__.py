"""codex-ssh: one command from a laptop to a running Codex turn on a devbox, over SSH."""

__version__ = "0.1.0.dev0"
