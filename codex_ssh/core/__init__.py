"""What things are: pure values, parsers and decisions. No clock, environment, randomness, I/O or asyncio."""
