"""Somebody else's front end, run against our door."""
