"""Steps the wall clock of single processes, as nobody can by namespaces: those hold only monotonic clocks.

Programs read the clock from the vDSO, code that the kernel maps into each process; Go programs do so without
the C library, so that nothing that is preloaded sees it. The code of one process can be replaced: here by the
system call, with seconds added when the wall clock was asked for. Other processes keep theirs.
"""

from __future__ import annotations

import os
import signal
import struct
import time
from pathlib import Path

_SYMBOL = b"__vdso_clock_gettime"
_DYNAMIC_SYMBOLS = 11
_PATIENCE_S = 5.0


class CannotStepError(Exception):
    """This process's clock can't be stepped; the message says why."""


def step(pid: int, seconds: int) -> None:
    """Set the wall clock of a running process apart from the machine's by so many seconds."""
    begin, end = _mapped(pid)
    with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
        memory.seek(begin)
        offset, size = _find(memory.read(end - begin))
        code = _code(seconds)
        if len(code) > size:
            raise CannotStepError(f"the kernel's code has {size} bytes, {len(code)} are needed")
        where = range(begin + offset, begin + offset + size)
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            os.kill(pid, signal.SIGSTOP)
            try:
                if not _inside(pid, where):
                    memory.seek(where.start)
                    memory.write(code)
                    return
            finally:
                os.kill(pid, signal.SIGCONT)
            if time.monotonic() > give_up:
                raise CannotStepError(f"process {pid} never leaves the code that reads the clock")
            time.sleep(0.01)


def _code(seconds: int) -> bytes:
    """x86-64: clock_gettime(edi, rsi) by system call, then seconds added if edi is CLOCK_REALTIME."""
    return b"".join(
        (
            b"\xf3\x0f\x1e\xfa",  # endbr64
            b"\xb8\xe4\x00\x00\x00",  # mov eax, 228
            b"\x0f\x05",  # syscall
            b"\x85\xff",  # test edi, edi
            b"\x75\x0d",  # jne over the next two
            b"\x48\xb9" + struct.pack("<q", seconds),  # mov rcx, seconds
            b"\x48\x01\x0e",  # add [rsi], rcx
            b"\xc3",  # ret
        )
    )


def _mapped(pid: int) -> tuple[int, int]:
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            begin, end = line.split()[0].split("-")
            return int(begin, 16), int(end, 16)
    raise CannotStepError(f"process {pid} has no vDSO")


def _find(image: bytes) -> tuple[int, int]:
    """Offset and size of the function in the ELF image."""
    if os.uname().machine != "x86_64":
        raise CannotStepError(f"only x86-64 is known, this is {os.uname().machine}")
    table, entry_size, entries = (
        struct.unpack_from("<Q", image, 0x28)[0],
        *struct.unpack_from("<HH", image, 0x3A),
    )
    sections = [
        struct.unpack_from("<IIQQQQIIQQ", image, table + entry_size * index) for index in range(entries)
    ]
    for _, kind, _, _, offset, length, link, _, _, size in sections:
        if kind != _DYNAMIC_SYMBOLS:
            continue
        names = sections[link][4]
        for at in range(offset, offset + length, size):
            name, _, _, _, value, code_size = struct.unpack_from("<IBBHQQ", image, at)
            if image.startswith(_SYMBOL + b"\0", names + name):
                return value, code_size
    raise CannotStepError("the vDSO has no clock_gettime")


def _inside(pid: int, where: range) -> bool:
    """Whether any thread of the stopped process stands in these addresses."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        last = (thread / "syscall").read_text().split()
        # "running" means that the signal has not arrived yet.
        if len(last) < 2 or int(last[-1], 16) in where:
            return True
    return False
