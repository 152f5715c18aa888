"""``codex-ssh completion``: the completion script of a shell, from the parser itself.

Lives here: what is added to the scripts shtab makes: hosts, threads, and ``codex-ssh HOST`` standing for
``codex-ssh connect HOST``. Not here: which hosts and threads are known (:mod:`codex_ssh.cli.hosts`).

Titles of threads are text from a devbox. No shell ever evaluates them: bash is not given any, zsh and fish
show them beside the ids.
"""

from __future__ import annotations

import argparse

NAME = "completion"
HELP = "print a completion script for a shell"

_HOSTS = {
    "bash": "_codex_ssh_hosts",
    "zsh": "_codex_ssh_hosts",
    "fish": "(codex-ssh hosts 2>/dev/null)",
}
"""What offers hosts, in each shell's own words."""

_THREADS = {
    "bash": "_codex_ssh_threads",
    "zsh": "_codex_ssh_threads",
    "fish": "(codex-ssh hosts --threads -- (commandline -opc) 2>/dev/null)",
}
"""What offers the threads seen on the hosts of the command line."""

_PREAMBLE = {
    "bash": """\
_codex_ssh_hosts() {
  compgen -W "$(codex-ssh hosts 2>/dev/null)" -- "$1"
}
_codex_ssh_threads() {
  compgen -W "$(codex-ssh hosts --threads -- "${COMP_WORDS[@]}" 2>/dev/null | cut -f 1)" -- "$1"
}
_codex_ssh() {
  local word=${COMP_WORDS[1]}
  if [[ $COMP_CWORD -eq 1 && $word != -* ]]; then
    _shtab_codex_ssh "$@"
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(_codex_ssh_hosts "$word")
    return
  fi
  if [[ $COMP_CWORD -gt 1 && $word != -* && " @COMMANDS@ " != *" $word "* ]]; then
    COMP_WORDS=("${COMP_WORDS[0]}" connect "${COMP_WORDS[@]:1}")
    COMP_CWORD=$((COMP_CWORD + 1))
  fi
  _shtab_codex_ssh "$@"
}
""",
    "zsh": """\
_codex_ssh_hosts() {
  compadd -- ${(f)"$(codex-ssh hosts 2>/dev/null)"}
}
_codex_ssh_threads() {
  local -a lines
  lines=(${(f)"$(codex-ssh hosts --threads -- "${(@)words}" 2>/dev/null)"})
  compadd -V threads -l -d lines -- ${lines%%$'\\t'*}
}
_codex_ssh() {
  if (( CURRENT == 2 )); then
    [[ $words[2] == -* ]] || _codex_ssh_hosts
  elif [[ $words[2] != -* && " @COMMANDS@ " != *" $words[2] "* ]]; then
    words=($words[1] connect "${(@)words[2,-1]}")
    (( CURRENT += 1 ))
  fi
  _shtab_codex_ssh "$@"
}
""",
    "fish": "",
}

_ENDINGS = {
    "bash": "\ncomplete -o bashdefault -F _codex_ssh codex-ssh\n",
    "zsh": "",
    "fish": """
complete -c codex-ssh -n '_shtab_codex_ssh_using; and test $_shtab_codex_ssh_npos -eq 0' \
-ka "(codex-ssh hosts 2>/dev/null)" -d 'a host'
functions -q _codex_ssh_scan; and functions -e _codex_ssh_scan
functions -c _shtab_codex_ssh_scan _codex_ssh_scan
function _shtab_codex_ssh_scan
  _codex_ssh_scan
  if test -z "$_shtab_codex_ssh_cmdpath"; and test $_shtab_codex_ssh_npos -gt 0
    set -g _shtab_codex_ssh_cmdpath connect
  end
end
""",
}
"""What stands behind what shtab makes: a host may stand where a command would."""

_ENTRIES = {
    "compdef _shtab_codex_ssh ": "compdef _codex_ssh ",
    '\n  _shtab_codex_ssh "$@"\nfi': '\n  _codex_ssh "$@"\nfi',
}
"""Where a script of zsh is entered, sourced or loaded: ours goes first."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="whose script")


def run(arguments: argparse.Namespace) -> int:
    """Print the script on stdout."""
    print(_script(arguments.shell))
    return 0


def _script(shell: str) -> str:
    import shtab

    from codex_ssh.cli.main import COMMANDS, build_parser

    parser = build_parser()
    _offer(parser)
    names = " ".join(COMMANDS)
    preamble = {name: text.replace("@COMMANDS@", names) for name, text in _PREAMBLE.items()}
    script = shtab.complete(parser, shell=shell, preamble=preamble)  # type: ignore[arg-type]
    if shell == "zsh":
        for old, new in _ENTRIES.items():
            assert old in script, "shtab enters its script in another way"
            script = script.replace(old, new)
    return script + _ENDINGS[shell]


def _offer(parser: argparse.ArgumentParser) -> None:
    """Complete every HOST argument, and every thread to resume where there is a host."""
    import shtab

    actions = parser._actions  # noqa: SLF001 - argparse has no other way to them
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for own in action.choices.values():
                _offer(own)
        elif action.metavar == "HOST":
            action.complete = _HOSTS  # type: ignore[attr-defined]
        elif action.metavar == "PATH" and action.nargs == "+":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.dest == "resume" and any(other.metavar == "HOST" for other in actions):
            action.complete = _THREADS  # type: ignore[attr-defined]
