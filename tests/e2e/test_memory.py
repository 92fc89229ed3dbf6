"""A large message passes through the server in pieces: memory does not grow with it."""

import asyncio
import hashlib
import os
import pathlib
import unittest

import crowd
import harness
from crowd import Peer

MIB = 1 << 20
SECONDS = 120  # only ends a test that hangs
# No dot at the beginning of any line: stuffed and unstuffed are the same.
LINE = bytes(range(33, 109)) + b"\r\n"
PIECE = LINE * (MIB // len(LINE))


def binary():
    """What users run: a sanitizer's own memory says nothing about ours."""
    chosen = os.environ.get("PORTICO_BINARY")
    release = harness.ROOT / "build/release/portico"
    for path in filter(None, (chosen and pathlib.Path(chosen).absolute(), release)):
        octets = path.read_bytes() if path.exists() else b"__asan_init"
        if b"__asan_init" not in octets and b"__tsan_init" not in octets:
            return path
    raise unittest.SkipTest(f"memory is measured without sanitizers, and {release} is not built (preset release)")


def memory(pid, name):
    """VmRSS or VmHWM, its peak, in octets."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no " + name)


async def send(port, octets, number):
    """Sends a message of about `octets` octets and returns (its exact size, digest)."""
    hasher = hashlib.sha256()
    size = 0
    async with await Peer.connect(port) as peer:
        await crowd.begin_smtp(peer)
        await peer.expect("250", "MAIL FROM:<large@example.net>")
        await peer.expect("250", f"RCPT TO:<large{number}@example.test>")
        await peer.expect("354", "DATA")
        for piece in [f"Subject: large {number}\r\n\r\n".encode()] + [PIECE] * (octets // len(PIECE)):
            hasher.update(piece)
            size += len(piece)
            await peer.send(piece)
        await peer.send(b".\r\n")
        await peer.expect("250 2.0.0 Ok: queued as ")
        await peer.expect("221", "QUIT")
    return size, hasher.hexdigest()


async def fetch(port, number):
    """Retrieves the one message of a mailbox, keeping none of it; (size, digest) without the trace fields."""
    hasher = hashlib.sha256()
    async with await Peer.connect(port) as peer:
        await crowd.begin_pop3(peer, f"large{number}@example.test")
        octets = int((await crowd.listing(peer, "LIST"))[1])
        await peer.expect("+OK", "RETR 1")
        first = await peer.reader.readuntil(b"\r\n\r\n")
        message = crowd.without_trace(first)
        hasher.update(message)
        size, left = len(message), octets - len(first)
        while left:
            piece = await peer.reader.read(min(left, MIB))
            if not piece:
                raise AssertionError(f"{left} octets of RETR are missing")
            hasher.update(piece)
            size += len(piece)
            left -= len(piece)
        if await peer.reader.readexactly(3) != b".\r\n":
            raise AssertionError("LIST has said fewer octets than RETR sends")
        await peer.expect("+OK", "QUIT")
    return size, hasher.hexdigest()


class Memory(unittest.TestCase):
    def grow(self, count, octets):
        """By how much the server's peak grows while `count` messages go in and out at once."""
        async def all_at_once(work):
            async with asyncio.timeout(SECONDS):
                return await asyncio.gather(*work)

        with harness.Portico(config_extra='[mail]\nmax_message_size = "110 MiB"', binary=binary()) as server:
            # What a server holds that has worked at all: pages of the binary, SQLite's caches.
            asyncio.run(all_at_once([send(server.smtp, 0, "-small")]))
            asyncio.run(all_at_once([fetch(server.pop3, "-small")]))
            before = memory(server.pid, "VmHWM")
            sent = asyncio.run(all_at_once([send(server.smtp, octets, number) for number in range(count)]))
            after_sending = memory(server.pid, "VmHWM")
            fetched = asyncio.run(all_at_once([fetch(server.pop3, number) for number in range(count)]))
            after = memory(server.pid, "VmHWM")
        self.assertEqual(fetched, sent)
        self.assertGreater(sent[0][0], 0.98 * octets)
        print(f"{count} x {octets // MIB} MiB: peak {before / MIB:.1f} MiB before, "
              f"{after_sending / MIB:.1f} after SMTP, {after / MIB:.1f} after POP3", flush=True)
        return after - before

    def test_one_message_of_100_mib(self):
        self.assertLess(self.grow(1, 100 * MIB), 32 * MIB)

    def test_20_messages_of_20_mib_at_once(self):
        self.assertLess(self.grow(20, 20 * MIB), 100 * MIB)


if __name__ == "__main__":
    unittest.main()
