"""Load and latency of the listener, measured on the machine at hand: figures, and nothing that fails."""
