"""Whom the app trusts, and by what others know it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Literal

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Words
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.stages import Directory, Stage
from initconstructs.presets import images
from initconstructs.presets.configuring.tree import steps
from initconstructs.presets.networking.change import TIMEOUT
from initconstructs.presets.program import StageOptions, python
from initconstructs.presets.text import check_text

_OUT = "/certificates"
_READ_PEM: Words = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
)
_HOST = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*"
)


@ends_at_the_author
def ca_bundle(
    *sources: str,
    system: bool = True,
    java: bool = True,
    allow_expired: bool = False,
    timeout: Duration = TIMEOUT,
    **options: Unpack[StageOptions],
) -> Stage:
    """Hand over a directory with the authorities that an app trusts: those of `sources`, and those of the image.

        networking.ca_bundle("/acme", mounts=[Volume("acme", ConfigMapFiles("acme-ca")).at("/acme")])

    A source is a PEM file, or a directory of them, that `mounts` bring. The directory has `ca-bundle.crt` for all that
    read PEM and, with `java`, `truststore.p12`, whose password is "changeit": Java wants one, and certificates are
    public. `trust_environment` has the variables that point an app to them. With `system=False` nobody else is trusted.

    Every source must hold certificates of authorities (CA:TRUE) and, without `allow_expired`, none that has expired. A
    second run writes the same bytes, or what the sources have become; the app reads them when it starts.

    Exit codes: 1 a source is missing, or holds no certificate, a broken one, or one that is not to be trusted; 124 the
    deadline came (`timeout=`), as when a file server is lost.

    Sources: https://docs.openssl.org/3.5/man3/SSL_CTX_load_verify_locations/ https://www.rfc-editor.org/rfc/rfc7292
    """
    for each in sources:
        checks.absolute_path("ca_bundle: source", check_text("ca_bundle: source", each))
    if not sources and not system:
        raise ModelError("ca_bundle(...)", "trusts nobody", "name a source, or leave system=False out")
    seconds = checks.seconds("ca_bundle: timeout", timeout, 1)
    asked = {"sources": list(sources), "system": system, "java": java, "allow_expired": allow_expired}
    return python("networking", "bundle").stage(
        Stage,
        "ca-bundle",
        [str(seconds), _OUT, json.dumps(asked)],
        options,
        image=images.PYTHON,
        produces=[Directory(_OUT, size_limit="16Mi")],
    )


@ends_at_the_author
def trust_environment(path: str, *, java: bool = False) -> Mapping[str, str]:
    """The variables by which an app finds the bundle that `ca_bundle` handed over, mounted at `path`.

        Container("api", mounts=[trust.output.at("/trust")], env=networking.trust_environment("/trust"))

    OpenSSL, Go, Python (requests too), Node, curl, git and the AWS tools read them. `java=True` adds
    JAVA_TOOL_OPTIONS, which takes the place of one in the image and makes every Java program print a line at its start.

    Sources: https://docs.openssl.org/3.5/man7/openssl-env/ https://requests.readthedocs.io/en/latest/user/advanced/
    https://nodejs.org/api/cli.html#node_extra_ca_certsfile https://curl.se/docs/sslcerts.html
    https://docs.oracle.com/en/java/javase/21/security/java-secure-socket-extension-jsse-reference-guide.html
    """
    checks.absolute_path("trust_environment: path", path)
    checks.instance("trust_environment: java", java, bool, "write java=True")
    found = dict.fromkeys(_READ_PEM, f"{path}/ca-bundle.crt")
    if java:
        if not re.fullmatch(r"[-_./a-zA-Z0-9]+", path):
            raise wrong("trust_environment: path", path, "must have no blanks for Java", "mount it elsewhere")
        store = {"trustStore": f"{path}/truststore.p12", "trustStoreType": "PKCS12", "trustStorePassword": "changeit"}
        found["JAVA_TOOL_OPTIONS"] = " ".join(f"-Djavax.net.ssl.{name}={value}" for name, value in store.items())
    return found


@ends_at_the_author
def self_signed_certificate(
    names: Words,
    *,
    days: int = 365,
    key: Literal["ec", "rsa"] = "ec",
    key_mode: int = 0o400,
    timeout: Duration = TIMEOUT,
    **options: Unpack[StageOptions],
) -> Stage:
    """Hand over a directory, in memory, with a new key and a certificate that it signs itself.

        networking.self_signed_certificate(["shop.shop.svc", "*.shop.svc", "127.0.0.1"])

    For traffic that must be TLS between parties that share the certificate, such as a proxy and its app; for anything
    else take an authority (cert-manager say). The directory has `tls.crt`, `tls.key`, and `ca.crt`, the same
    certificate for those who verify it. `names` are DNS names and addresses, the first one its common name. `key` is
    P-256 ("ec") or 3072 bits of RSA.

    Only the user who made the key may read it: run the stage as the app's (`security=`), or say `key_mode=0o440` and
    give the pod an `fs_group`. A second run keeps what is there if it has these names and half of its days to come.

    Exit codes: 1 openssl refused.

    Sources: https://docs.openssl.org/3.5/man1/openssl-req/
    """
    checks.number("self_signed_certificate: days", days, 1, 3650)
    return _certificate("certificate", names, timeout, options, days=days, key=key, key_mode=key_mode)


@ends_at_the_author
def certificate_request(
    names: Words,
    *,
    key: Literal["ec", "rsa"] = "ec",
    key_mode: int = 0o400,
    timeout: Duration = TIMEOUT,
    **options: Unpack[StageOptions],
) -> Stage:
    """Hand over a directory, in memory, with a new key and the request for a certificate, `tls.key` and `tls.csr`.

        networking.certificate_request(["shop.shop.svc"])

    For a later stage or the app, which sends it to its authority. It is not put to the Kubernetes API: a
    CertificateSigningRequest waits for an approver, and the signers that Kubernetes has serve its own components.
    `names`, `key` and `key_mode` as for `self_signed_certificate`; a second run keeps what is there if it has these
    names.

    Exit codes: 1 openssl refused.

    Sources: https://docs.openssl.org/3.5/man1/openssl-req/
    https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
    """
    return _certificate("request", names, timeout, options, key=key, key_mode=key_mode)


def _certificate(
    kind: str, names: Words, timeout: Duration, options: StageOptions, *, key: str, key_mode: int, days: int = 1
) -> Stage:
    checks.choice("certificate: key", key, ("ec", "rsa"))
    if key_mode not in (0o400, 0o440, 0o600, 0o640):
        rule = "must let its owner read it, and none but its group besides"
        raise wrong("certificate: key_mode", oct(key_mode), rule, "write 0o400 or 0o440")
    kept = [_name(each) for each in checks.words("certificate: names", names)]
    if not kept:
        raise wrong("certificate: names", names, "must name whom it is for", 'write ["shop.shop.svc"], say')
    seconds = checks.seconds("certificate: timeout", timeout, 1)
    return steps("networking", "certificate").stage(
        Stage,
        "certificate",
        [str(seconds), kind, _OUT, key, f"{key_mode:04o}", str(days), *kept],
        options,
        image=images.OPENSSL,
        produces=[Directory(_OUT, memory=True, size_limit="1Mi")],
    )


def _name(value: str) -> str:
    try:
        found = str(ip_address(value))
    except ValueError:
        found = value if _HOST.fullmatch(value) and re.search("[a-zA-Z]", value) else "%"
    if "%" not in found:
        return found
    rule = "must be a DNS name (with *. in front, say) or an address"
    raise wrong("certificate: names", value, rule, 'write "shop.shop.svc", say')
