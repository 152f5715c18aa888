"""One table of starts, requests and tokens, played against any app server and against ours."""
