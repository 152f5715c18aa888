"""The way to the devbox, one module per stage, in the order of the flow."""
