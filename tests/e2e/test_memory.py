"""A large message passes through the server in pieces: memory does not grow with it."""

import asyncio
import contextlib
import hashlib
import os
import pathlib
import sqlite3
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


MESSAGES = 100_000
HUGE = "huge@example.test"


def fill(database):
    """As many small messages as would take minutes to send; all in one mailbox, of a server that does not run."""
    with contextlib.closing(sqlite3.connect(database)) as rows:
        rows.executescript(f"""
            INSERT INTO mailbox (id, name, messages, bytes) VALUES (1, '{HUGE}', {MESSAGES}, 5 * {MESSAGES});
            UPDATE store SET messages = {MESSAGES}, bytes = 5 * {MESSAGES};
            WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {MESSAGES})
            INSERT INTO message (id, uid, received, size, in_file, mailboxes, reverse_path, recipients, body)
            SELECT n, printf('%022d', n), 0, 5, 0, '[1]', '', '{HUGE}', CAST(printf('%03d', n % 1000) || x'0d0a' AS BLOB)
            FROM number;
            INSERT INTO delivery (mailbox, message, size, uid) SELECT 1, id, size, uid FROM message;
        """)


class HugeMaildrop(unittest.TestCase):
    """100,000 messages: a session needs little memory for them, whatever it is asked."""

    def setUp(self):
        self.server = self.enterContext(harness.Portico(binary=binary()))
        self.server.stop()
        fill(self.server.data / "mail.db")
        self.server.start()

    def run_measured(self, talk):
        """By how much the server's peak grows in `talk`, a coroutine."""
        before = memory(self.server.pid, "VmRSS")
        pathlib.Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")  # the peak begins anew
        asyncio.run(asyncio.wait_for(talk, SECONDS))
        grown = memory(self.server.pid, "VmHWM") - before
        print(f"{self.id()}: {grown / MIB:.1f} MiB more", flush=True)
        return grown

    async def other(self, times):
        """Another session, which is answered while this one does not read."""
        async with await Peer.connect(self.server.pop3) as peer:
            await crowd.begin_pop3(peer, "small@example.test")
            for _ in range(times):
                await peer.expect("+OK 0 0", "STAT")
            await peer.expect("+OK", "QUIT")

    @harness.rule("1939", "5", "LIST and UIDL of a maildrop of any size, to a reader of any pace")
    def test_its_listings_stream(self):
        async def talk():
            async with await Peer.connect(self.server.pop3) as peer:
                await crowd.begin_pop3(peer, HUGE)
                await peer.expect(f"+OK {MESSAGES} {5 * MESSAGES}", "STAT")
                await peer.send(b"UIDL\r\nLIST\r\n" * 10)
                await self.other(50)
                for _ in range(10):
                    for line, digits in (("+OK unique-ids follow", "%d %022d"), ("+OK %d" % MESSAGES, "%d 5")):
                        self.assertTrue((await peer.line()).startswith(line))
                        for number in range(1, MESSAGES + 1):
                            expected = digits % ((number, number) if "022" in digits else number)
                            if await peer.line() != expected:
                                self.fail(f"line {number} is not {expected}")
                        self.assertEqual(await peer.line(), ".")
                await peer.expect("+OK", "QUIT")
        self.assertLess(self.run_measured(talk()), 8 * MIB)

    @harness.rule("1939", "6", "UPDATE removes however many are marked")
    def test_all_of_it_is_removed(self):
        async def talk():
            async with await Peer.connect(self.server.pop3) as peer:
                await crowd.begin_pop3(peer, HUGE)
                for first in range(1, MESSAGES + 1, 500):
                    numbers = range(first, first + 500)
                    await peer.send(b"".join(b"RETR %d\r\nDELE %d\r\n" % (n, n) for n in numbers))
                    for number in numbers:
                        self.assertEqual(await peer.line(), "+OK 5 octets")
                        self.assertEqual(await peer.line(), f"{number % 1000:03}")
                        self.assertEqual(await peer.line(), ".")
                        self.assertEqual(await peer.line(), f"+OK message {number} deleted")
                await peer.expect("+OK", "QUIT")
            async with await Peer.connect(self.server.pop3) as peer:
                await crowd.begin_pop3(peer, HUGE)
                await peer.expect("+OK 0 0", "STAT")
        # The writer's own pages are 8 MiB of it at most.
        self.assertLess(self.run_measured(talk()), 8 * MIB + 8 * MIB + 4 * MIB)


if __name__ == "__main__":
    unittest.main()
