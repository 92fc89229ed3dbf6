"""Clients of the three protocols for asyncio, so that one test can be hundreds of them."""

import asyncio
import base64
import hashlib
import re
import resource

LIMIT = 32 << 20  # of one multi-line answer
END = b"\r\n.\r\n"


def raise_file_limit():
    """Every client is a file of ours too."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def make_message(random, octets, key):
    """About `octets` octets that no other message has, with dots where they are meant to hurt."""
    head = f"From: <load@example.net>\r\nSubject: {key}\r\nX-Key: {key}\r\n\r\n.\r\n..\r\n.leading\r\n"
    text = base64.b64encode(random.randbytes(max(0, octets - len(head)) * 3 // 4)).decode()
    lines = [text[at:at + 76] for at in range(0, len(text), 76)]
    for number in range(0, len(lines), 11):
        lines[number] = "." + lines[number]
    return (head + "\r\n".join(lines) + "\r\n").encode()


def key_of(message):
    found = re.search(rb"^X-Key: (\S+)\r$", message[:4096], re.M)
    return found[1].decode() if found else None


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


def stuffed(message):
    """As DATA carries it (RFC 5321 section 4.5.2)."""
    return (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]


def without_trace(octets):
    """A stored message without the Return-Path and Received that the server has put before it."""
    for name in (b"Return-Path:", b"Received:"):
        if not octets.startswith(name):
            raise AssertionError(f"expected {name!r}, got {octets[:80]!r}")
        field = re.match(rb"[^\r]*\r\n(?:[ \t][^\r]*\r\n)*", octets)
        octets = octets[field.end():]
    return octets


class Peer:
    """A connection to 127.0.0.1."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port):
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=LIMIT))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()

    def close(self):
        self.writer.close()

    async def send(self, octets):
        self.writer.write(octets if isinstance(octets, bytes) else octets.encode())
        await self.writer.drain()

    async def line(self):
        octets = await self.reader.readuntil(b"\n")
        if not octets.endswith(b"\r\n"):
            raise AssertionError(f"a line without CR: {octets!r}")
        return octets[:-2].decode("latin-1")

    async def reply(self):
        """SMTP: all lines of one reply. POP3: the status line."""
        lines = [await self.line()]
        while lines[-1][:3].isdigit() and lines[-1][3:4] == "-":
            lines.append(await self.line())
        return "\n".join(lines)

    async def ask(self, command):
        await self.send(command + "\r\n")
        return await self.reply()

    async def expect(self, start, command=None):
        reply = await (self.reply() if command is None else self.ask(command))
        if not reply.startswith(start):
            raise AssertionError(f"expected {start!r} to {command!r}, got {reply!r}")
        return reply

    async def multi(self, command):
        """A POP3 multi-line answer, its byte-stuffing taken away."""
        await self.send(command + "\r\n")
        if await self.reader.readexactly(3) != b"+OK":
            raise AssertionError(f"to {command!r}: -ER{await self.line()}")
        whole = await self.reader.readuntil(END)
        _, _, body = whole[:-3].partition(b"\r\n")
        return (b"\r\n" + body).replace(b"\r\n..", b"\r\n.")[2:]

    async def at_end(self):
        """Whether the server has closed, with nothing left to read."""
        return await self.reader.read(1) == b""


# --- SMTP ---------------------------------------------------------------------------------------

async def begin_smtp(peer):
    await peer.expect("220")
    await peer.expect("250", "EHLO load.example.net")


async def send_message(peer, message, to, pipelined=False):
    """One transaction; returns the ID. Anything but 250 is an AssertionError."""
    commands = ["MAIL FROM:<load@example.net>", *(f"RCPT TO:<{address}>" for address in to), "DATA"]
    if pipelined:  # RFC 2920
        await peer.send("".join(command + "\r\n" for command in commands))
    for command in commands:
        await peer.expect("354" if command == "DATA" else "250", None if pipelined else command)
    await peer.send(stuffed(message) + b".\r\n")
    return (await peer.expect("250 2.0.0 Ok: queued as ")).rpartition(" ")[2]


# --- POP3 ---------------------------------------------------------------------------------------

async def begin_pop3(peer, mailbox):
    await peer.expect("+OK")
    await log_in(peer, mailbox)


async def log_in(peer, mailbox):
    await peer.expect("+OK", f"USER {mailbox}")
    await peer.expect("+OK", "PASS any word")


async def listing(peer, command):
    """LIST or UIDL: {number: value}."""
    lines = (await peer.multi(command)).decode().split("\r\n")[:-1]
    return {int(number): value for number, value in (line.split(" ") for line in lines)}


# --- HTTP ---------------------------------------------------------------------------------------

def http_request(target, method="GET"):
    return f"{method} {target} HTTP/1.1\r\nHost: mx.example.test\r\n\r\n".encode()


async def http_answer(peer, method="GET"):
    """(status, fields, content)"""
    head = (await peer.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.split("\r\n")[:-2]
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    length = 0 if method == "HEAD" else int(fields["content-length"])
    return int(first.split(" ")[1]), fields, await peer.reader.readexactly(length)
