"""What is too many, too large, too long or too slow gets the protocol's own answer, and nobody else notices."""

import contextlib
import json
import pathlib
import random
import socket
import tempfile
import time
import unittest

import crowd
import harness
import talk
from harness import wait_until
from talk import Talk

MIB = 1 << 20


def http_head(connection):
    """An answer's status line; its fields follow and are read too. "" at the end."""
    first = line = connection.line()
    while line:
        line = connection.line()
    return first


def get(port, target="/"):
    connection = Talk(port, greeting=False)
    connection.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
    return connection


def to_end(connection):
    """The rest of what the server says; a reset is an OSError."""
    rest, connection._received = bytes(connection._received), bytearray()
    while piece := connection.socket.recv(1 << 16):
        rest += piece
    return rest


def connections(server):
    return [peer for peer in json.loads(server.command("connections", "--json").stdout)
            if peer["transport"] == "tcp"]


class TooManyConnections(unittest.TestCase):
    def check_refusals(self, server):
        """Each protocol says so in its own words and closes, without a reset before they are read."""
        for service, start in (("smtp", "421 "), ("pop3", "-ERR "), ("http", "HTTP/1.1 503 ")):
            for speaks_first in (False, True):  # octets that nobody reads are what makes a reset
                with self.subTest(service, speaks_first=speaks_first), \
                        Talk(getattr(server, service), greeting=False) as extra:
                    if speaks_first:
                        with contextlib.suppress(BrokenPipeError):
                            extra.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nQUIT\r\n")
                    line = extra.line()
                    self.assertTrue(line.startswith(start), line)
                    rest = to_end(extra)
                    self.assertEqual(rest != b"", service == "http", rest)

    def test_of_all(self):
        with harness.Portico(config_extra="max_connections = 6") as server, contextlib.ExitStack() as stack:
            guests = [stack.enter_context(Talk(port)) for port in 3 * [server.smtp, server.pop3]]
            self.check_refusals(server)
            for number, guest in enumerate(guests):  # the guests are as well as before
                guest.expect("+OK" if number % 2 else "250", "CAPA" if number % 2 else "NOOP")
            guests[0].expect("221", "QUIT")
            self.assertTrue(guests[0].at_end())
            guests[0].close()
            wait_until(lambda: len(connections(server)) < 6, "the guest that left is no longer counted")
            with Talk(server.smtp) as late:
                self.assertTrue(late.greeting.startswith("220 "), late.greeting)
            self.assertIn("max_connections is reached", server.log)

    def test_of_one_peer(self):
        extra = "max_connections_per_peer = 2\nmax_connections = 50"
        with harness.Portico(config_extra=extra) as server:
            with Talk(server.smtp), Talk(server.pop3):
                self.check_refusals(server)
                with socket.create_connection(("127.0.0.1", server.smtp), timeout=30,
                                              source_address=("127.0.0.2", 0)) as other:
                    self.assertTrue(other.recv(1000).startswith(b"220 "))
            self.assertIn("max_connections_per_peer is reached", server.log)


class TooMuch(unittest.TestCase):
    def test_recipients(self):
        with harness.Portico(config_extra="[smtp]\nmax_recipients = 100") as server:
            with talk.smtp(server.smtp) as client:
                client.expect("250", "MAIL FROM:<a@example.net>")
                for number in range(100):
                    client.expect("250", f"RCPT TO:<r{number}@example.test>")
                client.expect("452 4.5.3", "RCPT TO:<r100@example.test>")
                client.expect("354", "DATA")
                client.send("Subject: to a hundred\r\n\r\n.\r\n")
                id = talk.queued_id(client.reply())
                # The rest in a later transaction (RFC 5321 section 4.5.3.1.10).
                talk.data(client, b"again\r\n", to=["r100@example.test"])
                talk.queued_id(client.reply())
            for mailbox in ("r0", "r99"):
                with talk.pop3(server.pop3, f"{mailbox}@example.test") as reader:
                    self.assertEqual(list(talk.listing(reader, "UIDL").values()), [id])
            with talk.pop3(server.pop3, "r100@example.test") as reader:
                self.assertEqual(len(talk.listing(reader, "UIDL")), 1)

    def test_message_size(self):
        with harness.Portico(config_extra='[mail]\nmax_message_size = "1 MiB"') as server:
            with talk.smtp(server.smtp) as client:
                self.assertIn(f"SIZE {MIB}", client.ask("EHLO again.example.net"))
                client.expect("552", f"MAIL FROM:<a@example.net> SIZE={MIB + 1}")
                client.expect("250", f"MAIL FROM:<a@example.net> SIZE={MIB}")
                client.expect("250", "RSET")
                line = b"x" * 1022 + b"\r\n"
                for octets, start in ((MIB + 1024, "552"), (MIB, "250"), (3 * MIB, "552")):
                    talk.data(client, line * (octets // len(line)))
                    client.expect(start)
                client.expect("250", "NOOP")
            with talk.pop3(server.pop3) as reader:
                self.assertEqual(len(talk.listing(reader, "LIST")), 1)
                _, message = talk.without_trace(talk.retrieve(reader, 1))
                self.assertEqual(message, line * 1024)

    def test_command_lines(self):
        with harness.Portico() as server:
            with talk.smtp(server.smtp) as client:
                for octets in (513, 5000, 5 * MIB):
                    client.expect("500", "NOOP " + "x" * octets)
                    client.expect("250", "NOOP")
                client.expect("500", b"\0\0\0".decode())
                client.expect("250", "NOOP " + "x" * 500)
            with talk.pop3(server.pop3) as reader:
                for octets in (600, 5000):
                    reader.expect("-ERR", "NOOP " + "x" * octets)
                    reader.expect("+OK", "NOOP")

    def test_http_heads(self):
        extra = '[http]\nmax_request_line = "1 KiB"\nmax_header_bytes = "2 KiB"\nmax_headers = 20'
        with harness.Portico(config_extra=extra) as server:
            heads = (("414", f"GET /{'x' * 2000} HTTP/1.1\r\nHost: a\r\n\r\n"),
                     ("431", f"GET / HTTP/1.1\r\nHost: a\r\nX: {'x' * 4000}\r\n\r\n"),
                     ("431", "GET / HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n" * 30 + "\r\n"),
                     ("200", "GET / HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n" * 10 + "\r\n"))
            for status, head in heads:
                with self.subTest(status), Talk(server.http, greeting=False) as client:
                    client.send(head)
                    line = http_head(client)
                    self.assertTrue(line.startswith(f"HTTP/1.1 {status} "), line)
                    if status != "200":
                        to_end(client)  # and the end, without a reset
            # A head without an end: the answer comes long before the client is through.
            with Talk(server.http, greeting=False) as client:
                with contextlib.suppress(ConnectionError):
                    client.send(b"GET / HTTP/1.1\r\n" + b"X: yyyyyyyyyyyyyyyy\r\n" * 1000)
                self.assertTrue(http_head(client).startswith("HTTP/1.1 431 "))


class TooSlow(unittest.TestCase):
    def test_smtp_commands(self):
        with harness.Portico(config_extra='[smtp]\ncommand_timeout = "1s"\ndata_timeout = "1s"') as server:
            with Talk(server.smtp) as silent, talk.smtp(server.smtp) as ready, \
                    talk.smtp(server.smtp) as sending:
                talk.data(sending, b"")  # answered; then a message that stops in its midst
                sending.expect("250")
                sending.expect("250", "MAIL FROM:<a@example.net>")
                sending.expect("250", "RCPT TO:<ana@example.test>")
                sending.expect("354", "DATA")
                sending.send("Subject: half\r\n\r\nhal")
                for client in (silent, ready, sending):
                    client.expect("421 4.4.2")
                    self.assertTrue(client.at_end())
            with talk.pop3(server.pop3) as reader:
                self.assertEqual(len(talk.listing(reader, "LIST")), 1)

    def test_http_heads(self):
        extra = '[http]\nheader_timeout = "1s"\nkeep_alive_timeout = "2s"'
        with harness.Portico(config_extra=extra) as server:
            with Talk(server.http, greeting=False) as slow, get(server.http) as kept:
                slow.send("GET / HTTP/1.1\r\nHo")
                self.assertTrue(http_head(slow).startswith("HTTP/1.1 408 "))
                to_end(slow)
                self.assertTrue(http_head(kept).startswith("HTTP/1.1 200 "))
                to_end(kept)  # between two requests it ends without a word

    def test_a_drop_at_a_time_does_not_prolong_a_head(self):
        with harness.Portico(config_extra='[http]\nheader_timeout = "1s"') as server:
            with Talk(server.http, greeting=False) as slow:
                slow.socket.settimeout(0.1)
                began = time.monotonic()
                answer = b""
                while not answer and time.monotonic() < began + 30:
                    slow.send("G")
                    with contextlib.suppress(TimeoutError):
                        answer = slow.socket.recv(100)
                # An endless method is no method: 400 and 501 are right, too.
                self.assertRegex(answer, b"^HTTP/1.1 (408|400|501) ")


class NeverReads(unittest.TestCase):
    def test_a_large_message_waits_for_its_reader_on_disk(self):
        message = crowd.make_message(random.Random(1), 40 * MIB, "large")
        readers = 8
        with harness.Portico(config_extra='[mail]\nmax_message_size = "60 MiB"') as server:
            talk.deliver(server.smtp, message, [f"reader{number}@example.test" for number in range(readers)])
            before = resident(server.pid)
            with contextlib.ExitStack() as stack:
                sleepers = []
                for number in range(readers):
                    sleeper = stack.enter_context(talk.pop3(server.pop3, f"reader{number}@example.test"))
                    sleeper.send("RETR 1\r\n")
                    sleepers.append(sleeper)
                # All of them have been sent what the sockets take, and the server waits.
                sent = []

                def is_stuck():
                    sent.append([peer["bytes_out"] for peer in connections(server)])
                    return len(sent) > 5 and all(sent[-1][0] > 0 and counts == sent[-1] for counts in sent[-5:])

                wait_until(is_stuck, "no more is sent to those who do not read")
                self.assertLess(max(sent[-1]), len(message))
                grown = resident(server.pid) - before
                # Others are served meanwhile.
                talk.deliver(server.smtp, b"small\r\n", ["other@example.test"])
                with talk.pop3(server.pop3, "other@example.test") as other:
                    self.assertEqual(talk.without_trace(talk.retrieve(other, 1))[1], b"small\r\n")
                with get(server.http) as browser:
                    self.assertTrue(http_head(browser).startswith("HTTP/1.1 200 "))
                # And one of them wakes up: all is still there.
                sleepers[0].expect("+OK")
                self.assertEqual(crowd.digest(talk.without_trace(sleepers[0].body())[1]), crowd.digest(message))
            if not is_sanitized(server.binary):
                self.assertLess(grown, 32 * MIB)  # of 8 times 40 MiB


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def is_sanitized(binary):
    """A sanitizer's own memory says nothing about ours."""
    octets = pathlib.Path(binary).read_bytes()
    return b"__asan_init" in octets or b"__tsan_init" in octets


class FileLimit(unittest.TestCase):
    FILES = 90

    def setUp(self):
        """The binary behind a small RLIMIT_NOFILE, hard, so that it cannot raise it."""
        folder = tempfile.TemporaryDirectory(prefix="portico-limit-")
        self.addCleanup(folder.cleanup)
        self.limited = pathlib.Path(folder.name) / "limited"
        self.limited.write_text(f'#!/bin/sh\nulimit -n {self.FILES}\n'
                                f'exec "{harness.default_binary()}" "$@"\n')
        self.limited.chmod(0o755)

    def test_it_runs_out_of_files_and_recovers(self):
        with harness.Portico(config_extra="max_connections = 1000", binary=self.limited) as server:
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(socket.create_connection(("127.0.0.1", server.http), timeout=30))
                          for _ in range(self.FILES + 30)]
                wait_until(lambda: "cannot accept a client" in server.log, "the log says that files ran out")
                # Those inside are served, even now.
                clients[0].sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertTrue(clients[0].recv(1000).startswith(b"HTTP/1.1 200 "))
                self.assertLess(server.log.count("cannot accept a client"), 10)
            # They are gone: everything works again.
            wait_until(lambda: server.command("health", check=False).returncode == 0, "healthy again")
            wait_until(lambda: not connections(server), "nobody is left")
            id = talk.deliver(server.smtp, crowd.make_message(random.Random(2), 200_000, "after"))
            with talk.pop3(server.pop3) as reader:
                self.assertEqual(list(talk.listing(reader, "UIDL").values()), [id])
                self.assertEqual(len(talk.without_trace(talk.retrieve(reader, 1))), 2)
            # HTTP's listener tries again after a while, and nobody has asked it since.
            wait_until(lambda: "accepting again" in server.log, "the log says that it accepts again")

    def test_its_own_limit_leaves_room_for_the_store(self):
        with harness.Portico(binary=self.limited) as server, contextlib.ExitStack() as stack:
            taken = []
            for _ in range(self.FILES):
                guest = stack.enter_context(Talk(server.smtp))
                if guest.greeting.startswith("220 "):
                    taken.append(guest)
                else:
                    self.assertTrue(guest.greeting.startswith("421 "), guest.greeting)
                    guest.close()
            self.assertGreater(len(taken), 0)
            self.assertLess(len(taken), self.FILES)
            message = crowd.make_message(random.Random(3), 200_000, "into a file")
            for guest in taken:
                guest.expect("250", "EHLO client.example.net")
                talk.data(guest, message)
            for guest in taken:
                talk.queued_id(guest.reply())
            self.assertNotIn("cannot accept", server.log)


if __name__ == "__main__":
    unittest.main()
