"""A TLS front: a certificate authority of the test's own, and a relay that ends TLS before a plain port."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import ipaddress
import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.require import require_program
from tests.support.serving import serving

HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """An open TLS front.

    Attributes:
        url: Its ``wss://`` address.
        ca_file: The authority that signed its certificate.
        heard: Everything that came from clients, decrypted, in order of arrival.
    """

    url: str
    port: int
    ca_file: Path
    heard: bytearray


@asynccontextmanager
async def open_tls_front(
    directory: Path, *, to_port: int, name: str = "127.0.0.1", address: str = "127.0.0.1"
) -> AsyncGenerator[Front, None]:
    """End TLS on a free loopback port and pass the bytes to a plain one.

    Args:
        directory: Keys and certificates are written there.
        to_port: The plain port behind it.
        name: What the certificate says it is for.
        address: Where it listens.
    """
    ca_file, chain_file = write_certificates(directory, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file)
    heard = bytearray()

    async def relay(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection("127.0.0.1", to_port)

        async def up() -> None:
            while data := await near_in.read(65536):
                heard.extend(data)
                far_out.write(data)
                await far_out.drain()
            far_out.close()

        async def down() -> None:
            while data := await far_in.read(65536):
                near_out.write(data)
                await near_out.drain()
            near_out.close()

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(up())
                group.create_task(down())
        finally:
            for writer in (near_out, far_out):
                writer.transport.abort()

    async with serving(relay, address, tls=context) as port:
        yield Front(url=f"wss://{address}:{port}", port=port, ca_file=ca_file, heard=heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate authority of the test's own.

    Attributes:
        directory: Where it writes.
        ca_file: Its certificate, PEM.
    """

    directory: Path
    ca_file: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    def issue(
        self,
        name: str,
        *,
        file: str = "server.pem",
        begins: dt.timedelta = -HOUR,
        ends: dt.timedelta = HOUR,
    ) -> Path:
        """Write a certificate for a name, with its key in front of it, and give the file.

        Args:
            name: Host name or address; of a client any name.
            file: The file's name.
            begins: When it becomes valid, from now.
            ends: When it stops being so.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        ca_id = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .issuer_name(self.name)
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .add_extension(x509.SubjectAlternativeName([_general_name(name)]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        path = self.directory / file
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        path.chmod(0o600)
        return path


def make_authority(directory: Path) -> Authority:
    """Make an authority that writes into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .issuer_name(name)
        .subject_name(name)
        .not_valid_before(now - 24 * HOUR)
        .not_valid_after(now + 24 * HOUR)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca_file = directory / "ca.pem"
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(directory=directory, ca_file=ca_file, key=key, name=name)


def write_certificates(directory: Path, name: str) -> tuple[Path, Path]:
    """Make an authority and a certificate for the name; give its file, and the chain with the key."""
    authority = make_authority(directory)
    return authority.ca_file, authority.issue(name)


def pin_by_openssl(chain: Path) -> str:
    """The pin of a certificate in base64, by the commands people are told to type."""
    openssl = require_program("openssl", "openssl: apt-get install openssl")
    public = subprocess.run(
        [openssl, "x509", "-in", chain, "-noout", "-pubkey"], capture_output=True, check=True
    )
    der = subprocess.run(
        [openssl, "pkey", "-pubin", "-outform", "der"],
        input=public.stdout,
        capture_output=True,
        check=True,
    )
    return "sha256:" + base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
