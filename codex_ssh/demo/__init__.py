"""Everything on this machine: an SSH server and the rehearsal app server, for a host with nothing set up."""
