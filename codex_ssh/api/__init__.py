"""The Python API: a program's own conversation with a devbox. What is public stands in :mod:`codex_ssh`."""
