"""Peers that take or give a drop at a time cost little, get what is theirs, and disturb nobody."""

import asyncio
import contextlib
import pathlib
import random
import socket
import tempfile
import time
import unittest

import certificates
import crowd
import harness
import test_memory
from harness import port
from test_limits import connections, wait_until

MIB = 1 << 20
SIZE = 100 * MIB
READERS = 20
BLOCK = random.Random(4).randbytes(MIB)


def content():
    """SIZE octets in which every MiB is another."""
    return b"".join(number.to_bytes(8) + BLOCK[8:] for number in range(SIZE // MIB))


class SlowReaders(unittest.TestCase):
    """20 at once ask for a file of 100 MiB and take nothing; then each a MiB, in turn, to its end."""

    @classmethod
    def setUpClass(cls):
        cls.content = content()
        cls.root = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="portico-root-")))
        (cls.root / "big.bin").write_bytes(cls.content)
        (cls.root / "small.txt").write_text("small")

    @classmethod
    def tearDownClass(cls):
        del cls.content

    def connect(self, number, context):
        peer = socket.socket()
        peer.settimeout(test_memory.SECONDS)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)  # of the kernel, not of ours
        peer.connect(("127.0.0.1", number))
        return context.wrap_socket(peer, server_hostname="localhost") if context else peer

    def head(self, peer):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += peer.recv(1)
        self.assertTrue(head.startswith(b"HTTP/1.1 200 ") and b"Content-Length: %d\r\n" % SIZE in head, head)

    def one_more(self, number, context):
        with self.connect(number, context) as other:
            other.sendall(b"GET /small.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertTrue(other.makefile("rb").read().endswith(b"\r\n\r\nsmall"))

    def begin(self, server, readers):
        """All of them ask, and have been sent what the sockets take; the server waits."""
        for reader in readers:
            reader.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        sent = []

        def is_stuck():
            sent.append([peer["bytes_out"] for peer in connections(server)])
            return (len(sent[-1]) == len(readers) and min(sent[-1]) > 0 and len(sent) > 5
                    and all(counts == sent[-1] for counts in sent[-5:]))

        wait_until(is_stuck, "no more is sent to those who do not read")
        self.assertLess(max(sent[-1]), SIZE // 4)

    def read_in_turn(self, readers):
        for reader in readers:
            self.head(reader)
        piece = bytearray(MIB)
        for start in range(0, SIZE, MIB):
            wanted = self.content[start:start + MIB]
            for reader in readers:
                got = 0
                while got < MIB:
                    count = reader.recv_into(memoryview(piece)[got:])
                    self.assertGreater(count, 0, "ended before its time")
                    got += count
                self.assertTrue(piece == wanted, f"other octets than the file's at {start}")

    def grow(self, tls):
        """By how much the server's memory grows at its peak, in octets."""
        def peak():
            return test_memory.memory(server.pid, "VmHWM")

        options = {"tls": "implicit"} if tls else {}
        with harness.Portico(f'[http]\nroot = "{self.root}"\n', (port("http", **options),),
                             binary=test_memory.binary()) as server, contextlib.ExitStack() as stack:
            context = certificates.trusting(text=server.command("ca").stdout) if tls else None
            [number] = server.listening
            # What a server holds that has worked at all: one reader has been and gone.
            with self.connect(number, context) as first:
                self.begin(server, [first])
            wait_until(lambda: not connections(server), "the first has left")
            self.one_more(number, context)
            before = peak()
            readers = [stack.enter_context(self.connect(number, context)) for _ in range(READERS)]
            self.begin(server, readers)
            stuck = peak()
            self.one_more(number, context)  # others are served meanwhile
            self.read_in_turn(readers)
            self.one_more(number, context)
            after = peak()
        print(f"{READERS} slow readers of {SIZE // MIB} MiB{' over TLS' if tls else ''}: peak "
              f"{before / MIB:.1f} MiB before, {stuck / MIB:.1f} while they read nothing, "
              f"{after / MIB:.1f} at the end", flush=True)
        return after - before

    def test_in_clear(self):
        self.assertLess(self.grow(tls=False), 4 * MIB)

    def test_over_tls(self):
        self.assertLess(self.grow(tls=True), READERS * MIB)


class SlowHeads(unittest.TestCase):
    """1,000 send their request's head a drop at a time. Each is told 408 and left, while others are served."""
    SLOW = 1000
    OTHERS = 8
    BOUND = 60  # for all of it, in seconds; header_timeout is 2

    async def slow(self, peer):
        """Until it has been shed; returns what it was told."""
        await peer.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
        self.present += 1
        told = b""
        with contextlib.suppress(ConnectionError):  # a drop may cross with the end
            while piece := await self.read_or_send(peer):
                told += piece
        self.present -= 1
        return told

    async def read_or_send(self, peer):
        """What the server says; as long as that is nothing, it gets a drop now and then."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    return await peer.reader.read(1000)
            await peer.send("x")

    async def other(self, number):
        """Asks as long as there are slow ones; returns how many answers came while all of them were there."""
        among_all = 0
        async with await crowd.Peer.connect(number) as peer:
            while not self.shed.is_set():
                all_here = self.present == self.SLOW
                await peer.send("GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n")
                head = await peer.reader.readuntil(b"\r\n\r\n")
                self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
                self.assertEqual(await peer.reader.readexactly(5), b"small")
                among_all += all_here and self.present == self.SLOW
        return among_all

    async def all(self, number):
        self.present, self.shed = 0, asyncio.Event()
        async with asyncio.timeout(self.BOUND), contextlib.AsyncExitStack() as stack:
            # Time counts from the first octet of a head on: all are connected before that.
            peers = [await stack.enter_async_context(await crowd.Peer.connect(number))
                     for _ in range(self.SLOW)]
            others = asyncio.gather(*(self.other(number) for _ in range(self.OTHERS)))
            told = await asyncio.gather(*(self.slow(peer) for peer in peers))
            self.shed.set()
            return told, await others

    def test_they_are_shed_while_others_are_served(self):
        crowd.raise_file_limit()
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="portico-root-")))
        (root / "small.txt").write_text("small")
        extra = f'max_connections = 2000\n[http]\nroot = "{root}"\nheader_timeout = "2s"\n'
        with harness.Portico(extra, (port("http"),)) as server:
            began = time.monotonic()
            told, served = asyncio.run(self.all(server.listening[0]))
            took = time.monotonic() - began
            self.assertEqual({answer[:13] for answer in told}, {b"HTTP/1.1 408 "})
            wait_until(lambda: not connections(server), "nobody is left")
        print(f"{self.SLOW} slow heads were shed within {took:.1f} s; while all of them were there, "
              f"{sum(served)} requests of {self.OTHERS} others were served", flush=True)
        self.assertGreater(sum(served), 0)


if __name__ == "__main__":
    unittest.main()
