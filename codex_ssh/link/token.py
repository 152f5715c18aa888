"""Stage "token": the credential for one dial.

Lives here: the rules for a secret file on the devbox, and which credential goes with which way of
authenticating. Not here: reading the file (the probe does, in the round trip it makes anyway), checking
tokens and making JWTs (:mod:`codex_ssh.core.token`), and sending (:mod:`codex_ssh.link.dial`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from codex_ssh.core import token as rules
from codex_ssh.core.command import CapabilityDigest, CapabilityFile, NoAuth, SignedBearer, UnknownAuth
from codex_ssh.core.probe import SECRET_LIMIT_BYTES, SecretFile
from codex_ssh.core.secret import Secret
from codex_ssh.errors import Stage, TokenError
from codex_ssh.link.choosing import AppServer


def pick_credential(app: AppServer, *, given: Callable[[], Secret | None], host: str) -> Secret | None:
    """Give the bearer token for one dial of an app server just seen; None when it wants none.

    A JWT is stamped by its clock. Arguments and errors are those of :func:`read_credential`.
    """
    credential = read_credential(app, given=given, host=host)
    return credential.mint(now=app.probe.now) if isinstance(credential, rules.Signer) else credential


def read_credential(
    app: AppServer, *, given: Callable[[], Secret | None], host: str
) -> Secret | rules.Signer | None:
    """Give what an app server wants to see: a token, or what makes JWTs; None when it wants none.

    Args:
        app: The server as just seen.
        given: Reads the token the user named by variable, file or command here, if any; it goes before
            the file on the devbox. Called only when a token is needed.
        host: For messages.

    Raises:
        TokenError: A token is needed and there is none, or it is not safe to use.
    """
    match app.auth:
        case NoAuth():
            return None
        case CapabilityDigest(sha256=digest):
            return _checked_against(digest, given(), host)
        case SignedBearer(issuer=issuer, audience=audience):
            secret = given() or read_secret(app.secret, uid=app.probe.uid, host=host)
            if len(secret.reveal().encode()) < rules.MIN_SHARED_SECRET_BYTES:
                raise _token_error(
                    f"the shared secret is shorter than {rules.MIN_SHARED_SECRET_BYTES} bytes", host
                )
            return rules.Signer(secret=secret, issuer=issuer, audience=audience)
        case CapabilityFile():
            return given() or read_secret(app.secret, uid=app.probe.uid, host=host)
        case UnknownAuth():
            # Its command line could not be read. A token it does not want does no harm: it is the login
            # user's own process, that has been proved.
            named = given()
            if named is None and (app.secret is None or app.secret.state == "missing"):
                return None
            return named or read_secret(app.secret, uid=app.probe.uid, host=host)


def read_secret(file: SecretFile | None, *, uid: int, host: str) -> Secret:
    """Give a secret file's content, or say why it must not be used.

    Raises:
        TokenError: Missing, not a regular file, another user's, readable by others, empty, or too large.
    """
    if file is None or file.state == "missing":
        where = file.path if file else "~/.codex/app-server-token"
        raise _token_error(
            f"there is no token file {where!r}",
            host,
            hint="name another with --token-file, or make it there: "
            f"(umask 077; openssl rand -base64 32 > {where})",
        )
    if file.state == "irregular":
        raise _token_error(f"the token file {file.path!r} is not a regular file", host)
    if file.state == "unreadable":
        raise _token_error(
            f"the token file {file.path!r} cannot be read", host, hint="check its owner and mode"
        )
    if file.owner != uid:
        raise _token_error(
            f"the token file {file.path!r} belongs to uid {file.owner}, the login is uid {uid}",
            host,
            hint="chown it to the login user there, or name another with --token-file",
        )
    if file.mode[4:10] != "------":
        raise _token_error(
            f"the token file {file.path!r} is open to others ({file.mode})",
            host,
            hint=f"chmod 600 {file.path}, and make a new token: others may have read this one",
        )
    if file.size > SECRET_LIMIT_BYTES:
        raise _token_error(f"the token file {file.path!r} is larger than {SECRET_LIMIT_BYTES} bytes", host)
    if not file.text:
        raise _token_error(f"the token file {file.path!r} is empty", host)
    if any(c.isspace() or not c.isprintable() for c in file.text.reveal()):
        raise _token_error(f"the token file {file.path!r} holds more than one word", host)
    return file.text


def _checked_against(digest: str, given: Secret | None, host: str) -> Secret:
    if given is None:
        raise _token_error(
            "the app server knows only the SHA-256 of its token",
            host,
            hint="give the token by --remote-auth-token-env VAR, or token_env in the config file",
        )
    if not hmac.compare_digest(rules.digest(given), digest):
        raise _token_error(
            "the token given is not the one whose SHA-256 the app server was started with",
            host,
            hint="it has not been sent; check the variable, or restart the app server with the new digest",
        )
    return given


def _token_error(message: str, host: str, *, hint: str = "") -> TokenError:
    return TokenError(message, stage=Stage.TOKEN, host=host, hint=hint)
