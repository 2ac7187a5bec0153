"""What moving bytes costs on this machine's cores before any program: each step alone, all of it in C.

A transfer that verifies what arrives must read, hash, send, receive, hash and write every byte; under TLS it
must also seal and open it. The sum of these is CPU time that no program saves, and the cores divided by it a
rate that none exceeds unless it leaves a step out.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BLOCK: Final = 1 << 20
RECORD: Final = 1 << 14
"""Bytes of a TLS record."""
_BUFFERS: Final = 8
"""In turns, as a transfer has several blocks under way: one alone would never leave the cache."""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """CPU seconds for a gigabyte (1e9 bytes) of each step; `cores` is how many share them."""

    read: float
    digest: float
    socket: float
    write: float
    seal_and_open: float
    cores: int

    @property
    def plain(self) -> float:
        """CPU seconds of both ends for a gigabyte. It is hashed at both."""
        return self.read + 2 * self.digest + self.socket + self.write

    @property
    def tls(self) -> float:
        """The same with AES-256-GCM."""
        return self.plain + self.seal_and_open

    def bound(self, seconds: float) -> float:
        """Gigabytes per second that all cores together reach at most at `seconds` for each."""
        return self.cores / seconds


def measure(source: Path, target: Path, *, size: int) -> Floor:
    """With the first `size` bytes of `source`; `target` is made and removed."""
    buffers = [memoryview(bytearray(os.urandom(BLOCK))) for _ in range(_BUFFERS)]
    blocks = range(size // BLOCK)
    reader = os.open(source, os.O_RDONLY)
    writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    target.unlink()
    cipher, nonce = AESGCM(bytes(32)), bytes(12)
    records = [bytes(buffers[0][start : start + RECORD]) for start in range(0, BLOCK, RECORD)]

    def sealed(_: int) -> None:
        for record in records:
            cipher.decrypt(nonce, cipher.encrypt(nonce, record, None), None)

    try:
        found = Floor(
            read=_cost(blocks, lambda n: os.preadv(reader, [buffers[n % _BUFFERS]], n * BLOCK)),
            digest=_cost(blocks, lambda n: blake3(buffers[n % _BUFFERS]).digest(16)),
            socket=_socket(blocks, buffers),
            write=_cost(blocks, lambda n: os.pwrite(writer, buffers[n % _BUFFERS], n * BLOCK)),
            seal_and_open=_cost(blocks, sealed),
            cores=len(os.sched_getaffinity(0)),
        )
    finally:
        os.close(reader)
        os.close(writer)
    return found


def _cost(blocks: range, step: Callable[[int], object]) -> float:
    """CPU seconds of this process for a gigabyte."""
    begin = time.process_time()
    for number in blocks:
        step(number)
    return (time.process_time() - begin) / (len(blocks) * BLOCK) * 1e9


def _socket(blocks: range, buffers: list[memoryview]) -> float:
    """Both ends of one TCP connection over loopback, in two threads."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()

    def drain() -> None:
        into = [memoryview(bytearray(BLOCK)) for _ in range(_BUFFERS)]
        turn = 0
        while receiver.recv_into(into[turn % _BUFFERS]):
            turn += 1

    with sender, receiver:
        draining = threading.Thread(target=drain)
        begin = time.process_time()
        draining.start()
        for number in blocks:
            sender.sendall(buffers[number % _BUFFERS])
        sender.shutdown(socket.SHUT_WR)
        draining.join()
        return (time.process_time() - begin) / (len(blocks) * BLOCK) * 1e9
