"""The grammars of names, keys and addresses, as pure functions: a text in, the API server's complaints out.

No complaint means that the text is fine. Lengths count bytes of UTF-8, as Go's `len` does.

Sources: k8s.io/apimachinery/pkg/util/validation/validation.go, k8s.io/apimachinery/pkg/api/validation/generic.go and
k8s.io/apimachinery/pkg/api/validate/content, in the words of Kubernetes 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

Complaints: TypeAlias = tuple[str, ...]
Check: TypeAlias = Callable[[str], Complaints]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_KEY_NAME})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_HTTP_HEADER = "[-A-Za-z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_PERCENT = "[0-9]+%"

_EMPTY = "must be non-empty"
_DOTS = "must not contain dots"
_PORT = "must be between 1 and 65535, inclusive"


def _wrong(rule: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    eg = f"e.g. {shown}" if examples else ""
    return f"{rule} ({eg}regex used for validation is '{pattern}')"


_LABEL_WRONG = _wrong(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_WRONG = _wrong(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
)
_LABEL_1035_WRONG = _wrong(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character",
    _LABEL_1035,
    "my-name",
    "abc-123",
)
_KEY_NAME_WRONG = _wrong(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    _KEY_NAME,
    "MyName",
    "my.name",
    "123-abc",
)
_KEY_WRONG = (
    f"a valid label key {_KEY_NAME_WRONG} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_LABEL_VALUE_WRONG = _wrong(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    _LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_WRONG = _wrong(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)
_ENV_NAME_WRONG = _wrong(
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', "
    "and must not start with a digit",
    _ENV_NAME,
    "my.env-name",
    "MY_ENV.NAME",
    "MyEnvName1",
)
_ENV_RELAXED_WRONG = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_HTTP_HEADER_WRONG = _wrong(
    "a valid HTTP header must consist of alphanumeric characters or '-'", _HTTP_HEADER, "X-Header-Name"
)
_PERCENT_WRONG = _wrong(
    "a valid percent string must be a numeric string followed by an ending '%'", _PERCENT, "1%", "93%"
)

_matches_label = re.compile(_LABEL).fullmatch
_matches_subdomain = re.compile(_SUBDOMAIN).fullmatch
_matches_label_1035 = re.compile(_LABEL_1035).fullmatch
_matches_key_name = re.compile(_KEY_NAME).fullmatch
_matches_config_key = re.compile(_CONFIG_KEY).fullmatch
_matches_env_name = re.compile(_ENV_NAME).fullmatch
_matches_env_relaxed = re.compile("[ -<>-~]+").fullmatch
_matches_http_header = re.compile(_HTTP_HEADER).fullmatch
_matches_http_path = re.compile(_HTTP_PATH).fullmatch
_matches_percent = re.compile(_PERCENT).fullmatch
_matches_port_name = re.compile("[-a-z0-9]+").fullmatch


def size(text: str) -> int:
    """The length of a text as Go counts it: in bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def at_most(count: int, unit: str = "characters") -> str:
    """What is said of a text that is too long."""
    return f"must be no more than {count} {unit}"


def _too_long(text: str, limit: int, unit: str = "characters") -> Complaints:
    return (at_most(limit, unit),) if size(text) > limit else ()


@lru_cache(maxsize=4096)
def dns_label(text: str) -> Complaints:
    """A DNS-1123 label: container, port and namespace names."""
    long = _too_long(text, 63)
    if _matches_label(text):
        return long
    return (*long, _DOTS if _matches_subdomain(text) else _LABEL_WRONG)


@lru_cache(maxsize=4096)
def dns_subdomain(text: str) -> Complaints:
    """A DNS-1123 subdomain: the names of most objects."""
    return _subdomain(text, "characters")


def _subdomain(text: str, unit: str) -> Complaints:
    long = _too_long(text, 253, unit)
    return long if _matches_subdomain(text) else (*long, _SUBDOMAIN_WRONG)


@lru_cache(maxsize=1024)
def dns_1035_label(text: str) -> Complaints:
    """A DNS-1035 label, which starts with a letter: the name of a Service up to 1.35."""
    long = _too_long(text, 63)
    return long if _matches_label_1035(text) else (*long, _LABEL_1035_WRONG)


@lru_cache(maxsize=1024)
def path_segment(text: str) -> Complaints:
    """A name that may stand in a URL: all that RBAC and PodDisruptionBudgets ask."""
    if text in {".", ".."}:
        return (f"may not be '{text}'",)
    return path_segment_prefix(text)


def path_segment_prefix(text: str) -> Complaints:
    """The beginning of a path segment, such as a `generateName`."""
    return tuple(f"may not contain '{char}'" for char in "/%" if char in text)


@lru_cache(maxsize=4096)
def label_key(text: str) -> Complaints:
    """A qualified name, `[prefix/]name`: keys of labels and annotations, finalizers, condition types."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return (_KEY_WRONG,)
    return (*_prefix(prefix, slash), *_key_name(name))


def _prefix(prefix: str, slash: str) -> Complaints:
    if not prefix:
        return (f"prefix part {_EMPTY}",) if slash else ()
    return tuple(f"prefix part {complaint}" for complaint in _subdomain(prefix, "bytes"))


def _key_name(name: str) -> Complaints:
    length = (_EMPTY,) if not name else _too_long(name, 63, "bytes")
    shape = () if _matches_key_name(name) else (_KEY_NAME_WRONG,)
    return tuple(f"name part {complaint}" for complaint in (*length, *shape))


@lru_cache(maxsize=4096)
def label_value(text: str) -> Complaints:
    """The value of a label: empty, or at most 63 bytes."""
    long = _too_long(text, 63, "bytes")
    return long if not text or _matches_key_name(text) else (*long, _LABEL_VALUE_WRONG)


@lru_cache(maxsize=1024)
def config_key(text: str) -> Complaints:
    """A key of a ConfigMap or a Secret, which has to work as a file name."""
    shape = () if _matches_config_key(text) else (_CONFIG_KEY_WRONG,)
    return (*_too_long(text, 253), *shape, *_leaves_directory(text))


@lru_cache(maxsize=4096)
def env_name(text: str) -> Complaints:
    """The name of an environment variable up to 1.31."""
    shape = () if _matches_env_name(text) else (_ENV_NAME_WRONG,)
    return (*shape, *_leaves_directory(text))


@lru_cache(maxsize=4096)
def relaxed_env_name(text: str) -> Complaints:
    """The name of an environment variable from 1.32: nearly any printable text."""
    if not text:
        return (f"environment variable name {_EMPTY}",)
    return () if _matches_env_relaxed(text) else (_ENV_RELAXED_WRONG,)


def _leaves_directory(text: str) -> Complaints:
    if text in {".", ".."}:
        return (f"must not be '{text}'",)
    return ("must not start with '..'",) if text.startswith("..") else ()


@lru_cache(maxsize=1024)
def port_name(text: str) -> Complaints:
    """An IANA service name: names of container ports, and of ports that probes and Services refer to."""
    wrong = {
        at_most(15): size(text) > 15,
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)": not _matches_port_name(text),
        "must contain at least one letter (a-z)": not any("a" <= char <= "z" for char in text),
        "must not contain consecutive hyphens": "--" in text,
        "must not begin or end with a hyphen": text.startswith("-") or text.endswith("-"),
    }
    return tuple(complaint for complaint, applies in wrong.items() if applies)


def port_number(port: int) -> Complaints:
    """A port that one can listen on."""
    return () if 1 <= port <= 65535 else (_PORT,)


def port(port: int | str) -> Complaints:
    """A port given by number or by name."""
    return port_name(port) if isinstance(port, str) else port_number(port)


@lru_cache(maxsize=1024)
def percent(text: str) -> Complaints:
    """A percentage such as `25%`."""
    return () if _matches_percent(text) else (_PERCENT_WRONG,)


@lru_cache(maxsize=1024)
def http_header(text: str) -> Complaints:
    """The name of an HTTP header in a probe or hook."""
    return () if _matches_http_header(text) else (_HTTP_HEADER_WRONG,)


def domain_prefixed_path(text: str) -> tuple[tuple[str, str], ...]:
    """A path such as `acme.io/foo`: pairs of the part that is wrong and the complaint."""
    domain, _, path = text.partition("/")
    if not (domain and path):
        return ((text, 'must be a domain-prefixed path (such as "acme.io/foo")'),)
    shape = () if _matches_http_path(path) else ((path, _wrong("Invalid path", _HTTP_PATH)),)
    return (*((domain, complaint) for complaint in dns_subdomain(domain)), *shape)


def local_path(text: str) -> Complaints:
    """A path that stays below where it starts: relative, without a step back."""
    absolute = ("must be a relative path",) if text.startswith("/") else ()
    return (*absolute, *path_without_back_steps(text))


def local_unreserved_path(text: str) -> Complaints:
    """A path of a projected file: local, and clear of the `..data` that the kubelet keeps."""
    reserved = text.startswith("..") and not text.startswith("../")
    return (*local_path(text), "must not start with '..'") if reserved else local_path(text)


def path_without_back_steps(text: str) -> Complaints:
    """A path of which no part is `..`."""
    return ("must not contain '..'",) if ".." in text.split("/") else ()
