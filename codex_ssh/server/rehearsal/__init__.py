"""The rehearsal engine: an app server without a model. It is not Codex, and says so wherever it is asked."""
