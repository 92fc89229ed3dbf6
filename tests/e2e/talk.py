"""Speaks SMTP and POP3 over a bare socket, so that a test has every octet in its own hand."""

import socket

SECONDS = 60  # for one answer; a test never depends on it, it only ends one that hangs


class Talk:
    """A connection to 127.0.0.1, read by lines; with `tls`, a context, in TLS from the start."""

    def __init__(self, port, greeting=True, tls=None, **more):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._received = bytearray()
        if tls:
            self.secure(tls, **more)
        self.greeting = self.line() if greeting else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def secure(self, context, name="localhost", session=None):
        """The handshake; from here on TLS."""
        if self._received:
            raise AssertionError(f"in clear, before the handshake: {bytes(self._received)!r}")
        self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session)

    def send(self, octets):
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def line(self):
        """The next line without its CRLF; "" at the end of the connection."""
        while b"\n" not in self._received:
            piece = self.socket.recv(1 << 16)
            if not piece:
                if self._received:
                    raise AssertionError(f"ended within a line: {bytes(self._received)!r}")
                return ""
            self._received += piece
        octets, _, self._received = self._received.partition(b"\n")
        if not octets.endswith(b"\r"):
            raise AssertionError(f"a line without CR: {bytes(octets)!r}")
        return octets[:-1].decode("latin-1")

    def reply(self):
        """One reply: of SMTP all lines of it, joined by newlines; of POP3 its status line."""
        lines = [self.line()]
        while lines[-1][3:4] == "-" and lines[-1][:3].isdigit():
            lines.append(self.line())
        return "\n".join(lines)

    def ask(self, command):
        self.send(command + "\r\n")
        return self.reply()

    def expect(self, start, command=None):
        """Asks (or only listens); the reply has to begin with `start`."""
        reply = self.ask(command) if command is not None else self.reply()
        if not reply.startswith(start):
            raise AssertionError(f"expected {start!r} to {command!r}, got {reply!r}")
        return reply

    def at_end(self):
        """Whether the server has closed, with nothing left to read."""
        return not self._received and self.socket.recv(1) == b""

    def body(self):
        """The octets of a POP3 multi-line answer, its byte-stuffing taken away."""
        while not (self._received == b".\r\n" or self._received.endswith(b"\r\n.\r\n")):
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise AssertionError("ended within a multi-line answer")
            self._received += piece
        stuffed, self._received = bytes(self._received[:-3]), bytearray()
        return (b"\r\n" + stuffed).replace(b"\r\n..", b"\r\n.")[2:]


def stuffed(message):
    """As DATA carries it (RFC 5321 section 4.5.2): a line is what begins after CRLF."""
    return (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]


def smtp(port, **more):
    """A connection that has said EHLO."""
    talk = Talk(port, **more)
    talk.expect("250", "EHLO client.example.net")
    return talk


def capabilities(talk):
    """What EHLO announces, or CAPA: {"SIZE": "1000", "STARTTLS": "", ...}."""
    if talk.greeting.startswith("+OK"):
        talk.expect("+OK", "CAPA")
        lines = talk.body().decode().split("\r\n")[:-1]
    else:
        lines = [line[4:] for line in talk.expect("250", "EHLO client.example.net").split("\n")[1:]]
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def data(talk, message, to=("ana@example.test",), sender="bo@example.net"):
    """One transaction up to and without the final reply; `message` ends in CRLF or is empty."""
    talk.expect("250", f"MAIL FROM:<{sender}>")
    for recipient in to:
        talk.expect("250", f"RCPT TO:<{recipient}>")
    talk.expect("354", "DATA")
    talk.send(stuffed(message) + b".\r\n")


def queued_id(reply):
    """The message's ID in the reply that took it."""
    start = "250 2.0.0 Ok: queued as "
    if not reply.startswith(start):
        raise AssertionError(f"not taken: {reply!r}")
    return reply[len(start):]


def deliver(port, message, to=("ana@example.test",), sender="bo@example.net"):
    """Sends one message and returns its ID."""
    with smtp(port) as talk:
        data(talk, message, to, sender)
        id = queued_id(talk.reply())
        talk.expect("221", "QUIT")
        return id


def pop3(port, login="ana@example.test", password="any", **more):
    """A session in TRANSACTION state."""
    talk = Talk(port, **more)
    talk.expect("+OK", f"USER {login}")
    talk.expect("+OK", f"PASS {password}")
    return talk


def listing(talk, command):
    """LIST or UIDL as a dictionary: {1: "120", ...}."""
    talk.expect("+OK", command)
    return {int(number): value for number, value in
            (line.split(" ") for line in talk.body().decode().split("\r\n")[:-1])}


def retrieve(talk, number):
    talk.expect("+OK", f"RETR {number}")
    return talk.body()


def maildrop(port, login):
    """Everything in it, as [(unique-id, octets), ...]; LIST has to be right about the octets."""
    with pop3(port, login) as talk:
        sizes, ids = listing(talk, "LIST"), listing(talk, "UIDL")
        if sizes.keys() != ids.keys():
            raise AssertionError(f"LIST and UIDL differ: {sizes} {ids}")
        messages = []
        for number, id in ids.items():
            octets = retrieve(talk, number)
            if sizes[number] != str(len(octets)):
                raise AssertionError(f"LIST says {sizes[number]} octets, RETR gave {len(octets)}")
            messages.append((id, octets))
        talk.expect("+OK", "QUIT")
        return messages


def without_trace(octets):
    """A stored message as (Return-Path and Received as a list of fields, the rest)."""
    fields = []
    for name in (b"Return-Path:", b"Received:"):
        end = octets.index(b"\r\n") + 2
        while octets[end:end + 1] in (b" ", b"\t"):  # folded (RFC 5322 section 2.2.3)
            end = octets.index(b"\r\n", end) + 2
        if not octets.startswith(name):
            raise AssertionError(f"expected {name!r}, got {octets[:end]!r}")
        fields.append(octets[:end])
        octets = octets[end:]
    return fields, octets
