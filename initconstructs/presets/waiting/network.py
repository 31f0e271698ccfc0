"""Waits for what any server has: a port, a name, an HTTP answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.environment import SecretKey
from initconstructs.model.errors import ModelError, wrong
from initconstructs.presets.text import check_text
from initconstructs.presets.waiting.address import SOURCES, Host, Port, Source, at, check_host, label
from initconstructs.presets.waiting.tls import Tls, tls_spec
from initconstructs.presets.waiting.wait import Wait, WaitOptions, named, wait


@ends_at_the_author
def tcp(host: Host, port: Port, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until something accepts connections: the weakest check, for protocols that have no function here.

        waiting.tcp("smtp", 25)

    A database accepts connections before it can serve: take `postgres`, `mysql` and their kin for those.

    Sources: RFC 9293, section 3.5.
    """
    return wait(named(label(host)), [{"wait": "tcp", "at": at("tcp", host, port)}], options)


@ends_at_the_author
def dns(host: Host, *, at_least: int = 1, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until a name resolves to at least `at_least` addresses, asked as the app asks, by the system's resolver.

        waiting.dns("kafka-headless", at_least=3)

    A Service without ready pods resolves too, to its cluster IP; only a headless one has an address for each ready pod.
    Addresses of one family are counted, as a pod may have one of each.

    Sources: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
    """
    check_host("dns: host", host)
    checks.number("dns: at_least", at_least, 1)
    return wait(named(label(host)), [{"wait": "dns", "at": host, "at_least": at_least}], options)


@ends_at_the_author
def http(
    url: str | Source,
    *,
    status: int | tuple[int, int] = (200, 399),
    body: str | None = None,
    headers: Mapping[str, str | Source] | None = None,
    tls: Tls | None = None,
    **options: Unpack[WaitOptions],
) -> Wait:
    """Wait until a GET gives the wanted status, or one from a range, and a body that contains `body`.

        waiting.http("http://api:8080/healthz", body='"status":"UP"')

    The default range is that of a Kubernetes probe; redirects are an answer and are not followed. The first MiB of the
    body is read. An `https` URL is verified as `tls` says, against the image's authorities if it says nothing. A secret
    header comes from a Secret: `headers={"Authorization": SecretKey("api", "authorization")}`.

    Sources: RFC 9110; https://kubernetes.io/docs/concepts/workloads/pods/probes/
    """
    host = url if isinstance(url, SOURCES) else _check_url(url)
    low, high = (status, status) if isinstance(status, int) else status
    checks.number("http: status", low, 100, 599)
    checks.number("http: status", high, low, 599)
    spec: dict[str, object] = {"wait": "http", "at": url, "status": [low, high]}
    if body is not None:
        check_text("http: body", body)
        spec["body"] = body
    if headers:
        spec["headers"] = _headers(headers)
        if tls is not None and not tls.verify and any(isinstance(each, SecretKey) for each in headers.values()):
            rule = "trusts anyone, who would then be told a confidential header"
            raise ModelError("http: Tls(verify=False)", rule, 'leave verify out, and give the authority: ca_file="..."')
    if tls is not None and isinstance(url, str) and urlsplit(url).scheme == "http":
        raise wrong("http: url", url, "must be an https URL where tls says how to trust it", 'write "https://..."')
    return wait(named(label(host)), [spec | tls_spec(tls)], options)


def _check_url(url: object) -> str:
    """The host of a URL that can be asked as it stands."""
    remedy = 'write "http://api:8080/healthz", say, other characters percent-encoded'
    if not isinstance(url, str) or not url.isascii() or any(each <= " " or each == "\x7f" for each in url):
        raise wrong("http: url", url, "must be ASCII without white space", remedy)
    scheme, host, port = _parts(url)
    if scheme not in ("http", "https") or host is None or port == 0:
        raise wrong("http: url", url, "must be an http or https URL with a host", remedy)
    if "@" in urlsplit(url).netloc:
        raise ModelError("http: url", "must hold no credentials, which everyone could read", "leave them out")
    check_host("http: url", host)
    return host


def _parts(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None


def _headers(headers: Mapping[str, str | Source]) -> dict[str, str | Source]:
    if not isinstance(headers, Mapping):
        raise ModelError(
            "http: headers", f"must be a mapping, not {type(headers).__name__}", 'write {"Accept": "text/*"}'
        )
    found = checks.mapping("http: headers", headers)
    for name, value in found.items():
        if not re.fullmatch(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", name):
            raise wrong("http: headers", name, "must be the name of a header", 'write "Accept", say')
        if isinstance(value, str) and not (value.isascii() and value.isprintable()):
            raise ModelError(f"http: headers[{name!r}]", "must be printable ASCII text or a source", "correct it")
    return dict(found)
