"""This machine: paths, files with modes, the config file, the terminal, the log."""
