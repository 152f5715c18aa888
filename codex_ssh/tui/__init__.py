"""Our own front end, in Textual. Knows ``core`` and the Protocol it declares, nothing of the network."""
