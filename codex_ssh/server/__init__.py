"""The listener half: what ``codex-ssh app-server`` runs."""
