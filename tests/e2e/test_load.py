"""500 clients of the three protocols at once, undisturbed by 50 that stall or send rubbish."""

import asyncio
import json
import os
import pathlib
import random
import tempfile
import time
import unittest

import crowd
import harness
from crowd import Peer

SEED = 20260722
SECONDS = 150  # for all of it; only ends a test that hangs
SMTP, POP3, HTTP = 200, 150, 150
MESSAGES = 4   # of each SMTP client
WAITING = 3    # messages that each POP3 client finds
REQUESTS = 24  # of each HTTP client
RUBBISH_OCTETS = 2 << 20  # of each client that never stops talking


class Host:
    """The server, and what every good client is to find there."""

    def __init__(self, server, root, seed):
        self.server = server
        self.random = random.Random(seed)
        self.files = {"/index.html": b"<!doctype html><title>load</title>\n",
                      "/medium.bin": self.random.randbytes(20_000),
                      "/large.bin": self.random.randbytes(300_000)}
        root.mkdir()
        for name, content in self.files.items():
            (root / name[1:]).write_bytes(content)
        self.accepted = {}  # mailbox -> {ID: digest}

    async def fill(self):
        """What is in the maildrops before the crowd comes."""
        async with await Peer.connect(self.server.smtp) as peer:
            await crowd.begin_smtp(peer)
            for number in range(POP3):
                for count in range(WAITING):
                    octets = 90_000 if number % 25 == 0 else self.random.randrange(200, 8000)
                    message = crowd.make_message(self.random, octets, f"waiting-{number}-{count}")
                    await self.send(peer, message, [f"reader{number}@example.test"])
            # More than the sockets' buffers take, for those who never read it.
            await self.send(peer, crowd.make_message(self.random, 12 << 20, "huge"),
                            [f"stalled{number}@example.test" for number in range(5)])

    async def send(self, peer, message, to, pipelined=False):
        id = await crowd.send_message(peer, message, to, pipelined)
        for mailbox in to:
            self.accepted.setdefault(mailbox, {})[id] = crowd.digest(message)

    async def check(self, peer, mailbox):
        """A session from after its greeting to before QUIT: what was accepted is there, once, whole."""
        await crowd.log_in(peer, mailbox)
        expected = self.accepted.get(mailbox, {})
        uidl = await crowd.listing(peer, "UIDL")
        sizes = await crowd.listing(peer, "LIST")
        assert sorted(uidl.values()) == sorted(expected), f"{mailbox}: {uidl} and not {expected}"
        status = await peer.expect("+OK", "STAT")
        assert status.split(" ")[1:3] == [str(len(sizes)), str(sum(map(int, sizes.values())))], status
        for number, id in uidl.items():
            message = await peer.multi(f"RETR {number}")
            assert len(message) == int(sizes[number]), f"{mailbox}: {id}: {len(message)} octets"
            assert crowd.digest(crowd.without_trace(message)) == expected[id], f"{mailbox}: {id}"


# --- the good -----------------------------------------------------------------------------------

async def sender(host, number, ready, go):
    own = random.Random(SEED + number)
    async with await Peer.connect(host.server.smtp) as peer:
        await crowd.begin_smtp(peer)
        ready()
        await go.wait()
        for count in range(MESSAGES):
            octets = 150_000 if number % 20 == 0 else own.randrange(100, 20_000)
            to = [f"sender{number}@example.test"]
            if count == 1:
                to.append(f"sender{(number + 1) % SMTP}@example.test")
            message = crowd.make_message(own, octets, f"sent-{number}-{count}")
            await host.send(peer, message, to, pipelined=number % 2 == 0)
            await peer.expect("250", "NOOP")
        await peer.expect("221", "QUIT")
        assert await peer.at_end()


async def reader(host, number, ready, go):
    mailbox = f"reader{number}@example.test"
    for session in range(3):
        async with await Peer.connect(host.server.pop3) as peer:
            await peer.expect("+OK")
            if session == 0:
                ready()
                await go.wait()
            await host.check(peer, mailbox)
            if session < 2:  # one goes; the next session must not see it
                await peer.expect("+OK", "DELE 1")
                await peer.expect("-ERR", "RETR 1")
            await peer.expect("+OK", "QUIT")
            assert await peer.at_end()
            if session < 2:
                del host.accepted[mailbox][next(iter(host.accepted[mailbox]))]


async def browser(host, number, ready, go):
    own = random.Random(SEED + number)
    async with await Peer.connect(host.server.http) as peer:
        ready()
        await go.wait()
        for _ in range(REQUESTS // 4):
            asked = [own.choice([("GET", name) for name in host.files]
                                + [("HEAD", "/large.bin"), ("GET", "/none"), ("GET", "/")])
                     for _ in range(4)]
            await peer.send(b"".join(crowd.http_request(name, method) for method, name in asked))
            for method, name in asked:
                status, fields, content = await crowd.http_answer(peer, method)
                expected = host.files.get("/index.html" if name == "/" else name)
                if expected is None:
                    assert status == 404, (name, status)
                else:
                    assert status == 200, (name, status)
                    assert int(fields["content-length"]) == len(expected), (name, fields)
                    assert content == (b"" if method == "HEAD" else expected), name


# --- the bad ------------------------------------------------------------------------------------

async def say(host, service, words, ready, go, over):
    """Says something unfinished, or nothing, and waits."""
    async with await Peer.connect(getattr(host.server, service)) as peer:
        await peer.send(words)
        ready()
        await over.wait()


async def leave_unread(host, number, ready, go, over):
    """Asks for much and reads nothing of it; the socket's buffers fill, then the server waits."""
    if number % 2:
        peer = await Peer.connect(host.server.http)
        words = crowd.http_request("/large.bin") * 60
    else:
        peer = await Peer.connect(host.server.pop3)
        await crowd.begin_pop3(peer, f"stalled{number // 2}@example.test")
        words = b"RETR 1\r\n"
    async with peer:
        peer.writer.transport.pause_reading()
        peer.writer.write(words)
        ready()
        await over.wait()
        peer.writer.transport.abort()


async def talk_on(host, service, piece, ready, go, over):
    """Sends for as long as the crowd is there and the server listens; reads whatever comes."""
    async with await Peer.connect(getattr(host.server, service)) as peer:
        ready()
        await go.wait()
        try:
            for _ in range(RUBBISH_OCTETS // len(piece)):
                if over.is_set():
                    break
                await peer.send(piece)
                await asyncio.sleep(0.01)  # rubbish at 100 KB/s and client: not a flood
        except ConnectionError:
            pass  # the server has had enough: its right
        await over.wait()


def nuisances(host):
    """50 of them, as functions of (ready, go, over)."""
    rubbish = random.Random(SEED).randbytes(1000)
    unfinished = {
        "smtp": [b"", b"EH", b"EHLO a\r\nMAIL FROM:<half@exa",
                 b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<half@example.test>\r\nDATA\r\nSubject: half\r\n"],
        "pop3": [b"", b"US", b"USER half@example.test\r\nPASS any", b"USER reader0"],
        "http": [b"", b"G", b"GET / HTTP/1.1\r\nHost: a", b"POST / HTTP/1.1\r\nHost: a\r\n"
                 b"Content-Length: 1000\r\n\r\nhalf"],
    }
    made = []
    for service, all_words in unfinished.items():
        for words in all_words * 2:
            made.append(lambda *when, s=service, w=words: say(host, s, w, *when))
    for number in range(10):
        made.append(lambda *when, n=number: leave_unread(host, n, *when))
    for service in ("smtp", "pop3", "http"):
        for piece in (rubbish, b"A" * 1000, b"\0" * 1000, b"\r\n" * 500, b"GET / HTTP/1.1\r\n" * 60):
            made.append(lambda *when, s=service, p=piece: talk_on(host, s, p, *when))
    made.append(lambda *when: say(host, "smtp", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", *when))  # TLS
    return made


async def crowd_at(server, host):
    ready = 0
    go, over = asyncio.Event(), asyncio.Event()
    all_ready = asyncio.Event()
    bad = nuisances(host)
    assert len(bad) == 50

    def is_ready():
        nonlocal ready
        ready += 1
        if ready == SMTP + POP3 + HTTP + len(bad):
            all_ready.set()

    async with asyncio.TaskGroup() as nuisance:
        for make in bad:
            nuisance.create_task(make(is_ready, go, over))
        async with asyncio.TaskGroup() as good:
            for count, client in ((SMTP, sender), (POP3, reader), (HTTP, browser)):
                for number in range(count):
                    good.create_task(client(host, number, is_ready, go))
            await all_ready.wait()
            await asyncio.to_thread(wait_for_connections, server, lambda count: count == ready)
            go.set()
        over.set()


async def check_all(host):
    """Every accepted message is where it belongs; what was not finished is nowhere."""
    for mailbox in sorted(host.accepted) + ["half@example.test"]:
        async with await Peer.connect(host.server.pop3) as peer:
            await peer.expect("+OK")
            await host.check(peer, mailbox)
            await peer.expect("+OK", "QUIT")


def wait_for_connections(server, enough):
    """Until `portico connections` shows as many as `enough` wants."""
    end = time.monotonic() + 20
    while True:
        shown = json.loads(server.command("connections", "--json").stdout)
        clients = [peer for peer in shown if peer["transport"] == "tcp"]
        if enough(len(clients)):
            return
        if time.monotonic() > end:
            raise AssertionError(f"{len(clients)} connections: {clients[:20]}")
        time.sleep(0.1)


def wait_until_alone(server):
    wait_for_connections(server, lambda count: count == 0)


class Load(unittest.TestCase):
    def run_crowd(self, binary=None):
        async def all_of_it():
            async with asyncio.timeout(SECONDS):
                await host.fill()
                await crowd_at(server, host)
                await asyncio.to_thread(wait_until_alone, server)
                await check_all(host)

        crowd.raise_file_limit()
        server = harness.Portico(config_extra='[http]\nroot = "www"\n', binary=binary)
        host = Host(server, server.folder / "www", SEED)
        with server:
            asyncio.run(all_of_it())
            wait_until_alone(server)
            self.assertEqual(server.command("health").stdout, "healthy\n")
            self.assertEqual(sum(map(len, host.accepted.values())),
                             5 + POP3 * (WAITING - 2) + SMTP * (MESSAGES + 1))

    def test_500_clients_and_50_nuisances(self):
        self.run_crowd()

    def test_the_same_under_the_thread_sanitizer(self):
        binary = pathlib.Path(os.environ.get("PORTICO_TSAN_BINARY", harness.ROOT / "build/tsan/portico"))
        if not binary.exists():
            self.skipTest(f"{binary} is not built (preset tsan, or PORTICO_TSAN_BINARY)")
        with tempfile.TemporaryDirectory(prefix="portico-tsan-") as folder:
            # The sanitizer's shadow memory does not get on with every layout of the address space.
            script = pathlib.Path(folder) / "portico"
            script.write_text("#!/bin/sh\n"
                              "setarch -R true 2>/dev/null && plain='setarch -R'\n"
                              f'exec $plain "{binary}" "$@"\n')
            script.chmod(0o755)
            self.run_crowd(script)


if __name__ == "__main__":
    unittest.main()
