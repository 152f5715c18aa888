"""The slash commands: one module an area, put together by :mod:`codex_ssh.tui.commands.registry`."""
