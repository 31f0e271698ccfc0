"""Kafka names the requests it takes; if a topic is wanted, each of its partitions has a leader.

The topic is never created by asking for it.
https://kafka.apache.org/protocol.html
"""

from __future__ import annotations

import socket
import struct
from typing import Any

from .wire import LONGEST_ANSWER, Attempt, NotYet, exactly, stranger

METADATA, METADATA_VERSION = 3, 4
API_VERSIONS = 18


def probe(attempt: Attempt) -> None:
    topic = attempt.spec.get("topic")
    with attempt.connect() as connection:
        versions = api_versions(Answer(ask(connection, API_VERSIONS, 0, b"")))
        if topic is None:
            return
        low, high = versions.get(METADATA, (0, -1))
        if not low <= METADATA_VERSION <= high:
            raise NotYet(f"does not take version {METADATA_VERSION} of metadata requests")
        body = struct.pack("!i", 1) + text(topic) + b"\0"  # no creation
        check_topic(Answer(ask(connection, METADATA, METADATA_VERSION, body)))


def ask(connection: socket.socket, key: int, version: int, body: bytes) -> bytes:
    request = struct.pack("!hhi", key, version, key) + text("wait") + body
    connection.sendall(struct.pack("!i", len(request)) + request)
    head = exactly(connection, 8)
    size, answers = struct.unpack("!ii", head)
    if answers != key or not 4 < size <= LONGEST_ANSWER:
        raise stranger(head)
    return exactly(connection, size - 4)


def text(value: str) -> bytes:
    return struct.pack("!h", len(value.encode())) + value.encode()


class Answer:
    """The fields of an answer, one after the other."""

    def __init__(self, body: bytes) -> None:
        self.rest = body

    def take(self, form: str) -> Any:
        (value,) = struct.unpack_from(f"!{form}", self.rest)
        self.rest = self.rest[struct.calcsize(f"!{form}") :]
        return value

    def skip_text(self) -> None:
        size = max(self.take("h"), 0)
        self.rest = self.rest[size:]

    def skip_numbers(self) -> None:
        count = self.take("i")
        self.rest = self.rest[4 * count :]


def api_versions(answer: Answer) -> dict[int, tuple[int, int]]:
    error = answer.take("h")
    if error:
        raise NotYet(f"refuses with error {error}")
    return {answer.take("h"): (answer.take("h"), answer.take("h")) for _ in range(answer.take("i"))}


def check_topic(answer: Answer) -> None:
    answer.take("i")  # throttled for
    for _ in range(answer.take("i")):  # brokers
        answer.take("i")
        answer.skip_text()
        answer.take("i")
        answer.skip_text()
    answer.skip_text()  # cluster
    answer.take("i")  # controller
    if answer.take("i") != 1:
        raise NotYet("says nothing of the topic")
    error = answer.take("h")
    answer.skip_text()
    answer.take("?")
    partitions = answer.take("i")
    if error or not partitions:
        raise NotYet(f"has no such topic yet (error {error})")
    leaders = [leader(answer) for _ in range(partitions)]
    if min(leaders) < 0:
        raise NotYet(f"{sum(each < 0 for each in leaders)} of {partitions} partitions have no leader")


def leader(answer: Answer) -> int:
    answer.take("h")
    answer.take("i")
    found = int(answer.take("i"))
    answer.skip_numbers()  # replicas
    answer.skip_numbers()  # in sync
    return found
