"""HTTP(S) that tries again until the deadline, and never hands credentials to a host that they are not for.

Tried again, ever more slowly and with jitter: no connection, a name that does not resolve, silence for STALL_SECONDS,
an answer that breaks off, and the statuses of AGAIN, after `Retry-After` where the server says so (RFC 9110, 10.2.3).
Any other refusal is final. The proxies of HTTPS_PROXY, HTTP_PROXY and NO_PROXY are used, as curl does.
"""

from __future__ import annotations

import json
import random
import socket
import ssl
import time
import urllib.request
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from .task import Failed, Task, TooLate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from email.message import Message
    from http.client import HTTPMessage, HTTPResponse
    from typing import TypeVar

    from .files import Part

    T = TypeVar("T")

STALL_SECONDS = 30
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
AGAIN = (408, 425, 429, 500, 502, 503, 504)
LARGEST_ANSWER = 64 << 20
BLOCK = 1 << 18
HARMLESS = ("Accept", "Accept-encoding", "Range", "If-range", "User-agent")


class Again(Exception):  # noqa: N818 -- a state, not an error
    """It did not work now; `after` is how long the server wants to be left alone."""

    def __init__(self, text: str, after: float = 0) -> None:
        super().__init__(text)
        self.after = after


class Answer(NamedTuple):
    """What a server said."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            raise Failed("the server's answer is no JSON") from None


class Client:
    """Asks servers on behalf of one task. `ca_file` replaces the image's authorities, or is trusted `besides` them."""

    def __init__(self, task: Task, ca_file: str | None = None, *, besides: bool = False, direct: bool = False) -> None:
        self.task = task
        self.stall = min(STALL_SECONDS, max(1.0, task.seconds / 4))
        self.opener = opener(trust(ca_file, besides=besides), {} if direct else None)

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        expect: Collection[int] = (),
    ) -> Answer:
        """A small answer; a status of 400 or more is a failure unless it is one of `expect`."""

        def once() -> Answer:
            request = made(url, method, headers or {}, body)
            with self.opened(request, expect) as answer:
                found = b"".join(self.blocks(url, answer, LARGEST_ANSWER))
                return Answer(answer.status, answer.headers, found)

        return self.tried(once)

    def fetch(self, url: str, part: Part, headers: Mapping[str, str] | None = None) -> HTTPMessage:
        """Write what is there into `part`, which a later try continues where the server allows it; the headers."""

        def once() -> HTTPMessage:
            rest = {"Range": f"bytes={part.size}-", "If-Range": part.validator} if part.validator else {}
            request = made(url, "GET", {**(headers or {}), **rest}, None)
            with self.opened(request, (416,)) as answer:
                resumed = answer.status == 206 and continues(answer, part.size)
                if not resumed:
                    part.restart()
                if not resumed and answer.status != 200:
                    raise Again(f"{shown(url)}: status {answer.status}")
                part.validator = strong(answer.headers)
                for block in self.blocks(url, answer):
                    part.write(block)
                    self.task.came = f"{shown(url)}: {part.size} bytes had come"
                return answer.headers

        return self.tried(once)

    def tried(self, once: Callable[[], T]) -> T:
        """What `once` brings, when it does; the deadline is the task's."""
        pause = FIRST_PAUSE
        while True:
            try:
                return once()
            except Again as error:
                self.task.see(str(error))
                if error.after >= self.task.left():
                    raise TooLate(f"gave up: {error}; the next try would come after the deadline") from None
                time.sleep(max(error.after, pause * random.uniform(0.5, 1)))  # noqa: S311 -- so that pods don't ask in step
                pause = min(pause * 2, LONGEST_PAUSE)

    def opened(self, request: urllib.request.Request, expect: Collection[int]) -> HTTPResponse:
        """The beginning of an answer, or why there is none."""
        url = request.full_url
        try:
            found: HTTPResponse = self.opener.open(request, timeout=min(self.stall, self.task.left() + 1))
        except HTTPError as error:
            if error.code in expect:
                vars(error).setdefault("status", error.code)  # Python 3.8 has no HTTPError.status
                return error  # type: ignore[return-value] # it has the same methods
            with error:
                raise refusal(url, error) from None
        except (OSError, HTTPException) as error:  # URLError is an OSError
            raise unreachable(url, error) from None
        return found

    def blocks(self, url: str, answer: HTTPResponse, most: float = float("inf")) -> Iterator[bytes]:
        """The body as it comes, whole or not at all as far as the server tells its length."""
        size, whole = 0, getattr(answer, "length", None)
        while whole is None or size < whole:
            try:
                block = answer.read1(BLOCK)
            except (OSError, HTTPException) as error:
                raise unreachable(url, error) from None
            if not block:
                break
            size += len(block)
            if size > most:
                raise Failed(f"{shown(url)}: the answer has more than {most:g} bytes")
            yield block
        if whole is not None and size < whole:
            raise Again(f"{shown(url)}: the answer breaks off, {whole - size} bytes before its end")


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows as a browser does, but takes no credentials to another origin, and never leaves HTTPS."""

    max_redirections = 5

    def redirect_request(  # noqa: PLR0917 -- urllib's
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if origin(newurl)[0] not in ("https", origin(req.full_url)[0]):
            raise Failed(f"{shown(req.full_url)}: redirects to {shown(newurl)}, which is not HTTPS")
        found = super().redirect_request(req, fp, 307 if code == 308 else code, msg, headers, newurl)
        if found is not None and origin(newurl) != origin(req.full_url):
            found.headers = {name: value for name, value in found.headers.items() if name in HARMLESS}
        return found

    http_error_308 = urllib.request.HTTPRedirectHandler.http_error_302  # known to urllib from Python 3.11


def opener(context: ssl.SSLContext, proxies: dict[str, str] | None) -> urllib.request.OpenerDirector:
    """Speaks HTTP and HTTPS; unlike urllib's own it never opens a file or FTP, wherever it is redirected to.

    Without `proxies` they are those of the environment.
    """
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPDefaultErrorHandler(),
        Redirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        made.add_handler(handler)
    return made


def trust(ca_file: str | None, *, besides: bool) -> ssl.SSLContext:
    try:
        found = ssl.create_default_context(cafile=None if besides else ca_file)
        if besides and ca_file:
            found.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError):
        raise Failed(f"{ca_file}: is no readable PEM file of authorities") from None
    # Python 3.13 and newer refuse certificates that clusters have and nobody else refuses, without key identifiers say.
    found.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return found


def made(url: str, method: str, headers: Mapping[str, str], body: bytes | None) -> urllib.request.Request:
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise Failed(f"the value of header {name} is not printable ASCII")  # http.client would show it
    asked = {"User-Agent": "initconstructs", "Accept-Encoding": "identity", **headers}
    return urllib.request.Request(url, data=body, headers=asked, method=method)  # noqa: S310 -- see opener


def origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def shown(url: str) -> str:
    """A URL without its query and login, which may hold secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def refusal(url: str, error: HTTPError) -> Exception:
    """What a status of 400 or more means."""
    try:
        said = reason(json.loads(error.read(65536)))
    except (OSError, HTTPException, ValueError):
        said = ""
    text = f"{shown(url)}: status {error.code}{said and ': '}{said}"
    return Again(text, retry_after(error.headers)) if error.code in AGAIN else Failed(text)


def reason(found: Any) -> str:
    """The message in an error's JSON, as most APIs spell it."""
    if isinstance(found, str):
        return found
    if isinstance(found, list):
        return "; ".join(filter(None, map(reason, found[:3])))
    if isinstance(found, dict):
        names = ("message", "Message", "error_description", "errors", "error")
        return next(filter(None, (reason(found.get(name)) for name in names)), "")
    return ""


def retry_after(headers: Message) -> float:
    """Seconds from now, whichever way the server says it."""
    said = headers.get("Retry-After") or ""
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return 0


def unreachable(url: str, error: Exception) -> Exception:
    """What went wrong on the way, in the words of who waits."""
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        error = error.reason
    place = shown(url)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failed(f"{place}: its certificate is not trusted: {error.verify_message}")
    if isinstance(error, socket.gaierror):
        return Again(f"{place}: the name does not resolve")
    if isinstance(error, socket.timeout):
        return Again(f"{place}: no answer in time")
    if isinstance(error, HTTPException):
        return Again(f"{place}: the answer breaks off ({type(error).__name__})")
    return Again(f"{place}: {(getattr(error, 'strerror', None) or str(error) or type(error).__name__).lower()}")


def continues(answer: HTTPResponse, size: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {size}-")


def strong(headers: Message) -> str:
    """The ETag, if it names these very bytes (RFC 9110, 8.8.1)."""
    found = headers.get("ETag") or ""
    return found if found.startswith('"') and headers.get("Accept-Ranges") != "none" else ""
