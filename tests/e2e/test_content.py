"""What RETR gives is what DATA took, plus Return-Path and Received in front, octet for octet."""

import base64
import os
import pathlib
import poplib
import random
import re
import smtplib
import unittest

import talk
from harness import ROOT, ServerTest, port

HEAD = b"From: bo@example.net\r\nTo: ana@example.test\r\nSubject: content\r\n\r\n"
CORPUS = pathlib.Path(os.environ.get("PORTICO_CORPUS", ROOT / "../shared/corpus")).resolve()


class RoundTrip(ServerTest):
    """Sends messages and compares what comes back."""

    def check_stored(self, message, id=None, mailbox=None):
        [(unique_id, octets)] = talk.maildrop(self.server.pop3, mailbox or self.mailbox)
        self.assertRegex(unique_id, r"\A[0-9A-Za-z]{22}\Z")
        if id is not None:
            self.assertEqual(unique_id, id)
        (return_path, received), rest = talk.without_trace(octets)
        self.assertEqual(return_path, b"Return-Path: <bo@example.net>\r\n")
        self.assertIn(b"by mx.example.test", received)
        self.assertIn(b"id " + unique_id.encode(), received)
        if rest != message:  # not assertEqual, which would print megabytes
            at = next((i for i, (a, b) in enumerate(zip(rest, message)) if a != b),
                      min(len(rest), len(message)))
            self.fail(f"{len(message)} octets were sent, {len(rest)} came; they differ at {at}: "
                      f"{message[at - 20:at + 20]!r}, {rest[at - 20:at + 20]!r}")

    def round_trip(self, message, number=None):
        id = talk.deliver(number or self.server.smtp, message, [self.mailbox])
        self.check_stored(message, id)


class Content(RoundTrip):
    """By a bare socket, so that nothing between the test and the server touches an octet."""

    config_extra = '[mail]\nmax_message_size = "60 MiB"\n'
    ports = ("smtp", "pop3", port("smtp", strict=False))  # the last for bare CR and LF

    def lenient(self, message):
        self.round_trip(message, self.server.listening[-1])

    def test_attachment_of_25_mib(self):
        attachment = base64.encodebytes(random.Random(25).randbytes(1 << 20)) * 25
        self.round_trip(HEAD + attachment.replace(b"\n", b"\r\n"))

    def test_utf_8(self):
        self.round_trip(HEAD + "Grüße, 東京, 🐟\r\n".encode())

    def test_latin_1(self):
        self.round_trip(HEAD + "Grüße, façade\r\n".encode("latin-1"))

    def test_every_octet(self):
        self.lenient(HEAD + bytes(range(256)) + b"\r\n")

    def test_nul(self):
        self.round_trip(HEAD + b"\0\r\na\0b\0\0\r\n\0.\r\n")

    def test_lines_of_dots(self):
        self.round_trip(HEAD + b"".join(b"." * n + b"\r\n" for n in range(1, 100)))

    def test_lines_that_start_with_dots(self):
        self.round_trip(b".From: x\r\n..a\r\n.\r\n. b\r\n...\r\n.c.\r\n\r\n.\r\n")

    def test_dots_and_bare_line_ends(self):  # only CRLF.CRLF ends the data (section 4.1.1.4)
        self.lenient(b"a\n.\nb\r.\rc\r.\r\nd\n.\r\ne\r\n.\rf\n..\r\r\n\n\r\n")

    def test_nothing_but_line_ends(self):
        self.round_trip(b"\r\n" * 1000)

    def test_no_message_at_all(self):
        self.round_trip(b"")

    def test_lines_of_998_octets(self):
        self.round_trip(HEAD + (b"x" * 998 + b"\r\n") * 50)

    def test_lines_of_20000_octets(self):
        self.round_trip(HEAD + (b"." * 20_000 + b"\r\n" + b"y" * 20_000 + b"\r\n") * 20)

    def test_one_line_of_2_mib(self):
        self.round_trip(b"z" * (2 << 20) + b"\r\n")

    def test_sizes_around_the_limit_of_rows(self):  # [mail] inline_bytes: larger ones are files
        for size in (65_000, 65_300, 65_536, 65_600, 66_000):
            with self.subTest(size=size):
                mailbox = f"octets-{size}@example.test"
                message = HEAD + b"a" * (size - len(HEAD) - 2) + b"\r\n"
                self.check_stored(message, talk.deliver(self.server.smtp, message, [mailbox]),
                                  mailbox)

    def test_arrival_octet_by_octet(self):
        message = HEAD + b".a\r\n..\r\n\r\n.\r\n"
        with talk.smtp(self.server.smtp) as session:
            session.expect("250", "MAIL FROM:<bo@example.net>")
            session.expect("250", f"RCPT TO:<{self.mailbox}>")
            session.expect("354", "DATA")
            for octet in talk.stuffed(message) + b".\r\n":
                session.send(bytes([octet]))
            id = talk.queued_id(session.reply())
        self.check_stored(message, id)

    def test_pipelined_whole(self):  # two transactions in one write (RFC 2920)
        one = (f"MAIL FROM:<bo@example.net>\r\nRCPT TO:<{self.mailbox}>\r\n"
               "DATA\r\n").encode() + talk.stuffed(HEAD + b".\r\n") + b".\r\n"
        with talk.smtp(self.server.smtp) as session:
            session.send(one + one + b"QUIT\r\n")
            ids = []
            for _ in range(2):
                for code in ("250 2.1.0", "250 2.1.5", "354"):
                    session.expect(code)
                ids.append(talk.queued_id(session.reply()))
            session.expect("221")
            self.assertTrue(session.at_end())
        stored = talk.maildrop(self.server.pop3, self.mailbox)
        self.assertEqual([id for id, _ in stored], ids)
        for _, octets in stored:
            self.assertEqual(talk.without_trace(octets)[1], HEAD + b".\r\n")

    def test_one_copy_for_a_mailbox_however_often_addressed(self):
        other = "other@example.test"
        id = talk.deliver(self.server.smtp, HEAD,
                          [self.mailbox, self.mailbox.upper(), other, self.mailbox])
        self.check_stored(HEAD, id)
        self.check_stored(HEAD, id, other)

    def test_top(self):
        message = HEAD + b".1\r\n2\r\n3\r\n"
        talk.deliver(self.server.smtp, message, [self.mailbox])
        with talk.pop3(self.server.pop3, self.mailbox) as session:
            for lines, body in ((0, b""), (2, b".1\r\n2\r\n"), (99, b".1\r\n2\r\n3\r\n")):
                session.expect("+OK", f"TOP 1 {lines}")
                self.assertEqual(talk.without_trace(session.body())[1], HEAD + body)

    def test_1000_messages_in_one_maildrop(self):
        def message(number):
            return HEAD + f"{number}\r\n".encode() * (1 + number % 7)

        ids = []
        with talk.smtp(self.server.smtp) as session:
            for number in range(1000):
                talk.data(session, message(number), [self.mailbox])
                ids.append(talk.queued_id(session.reply()))
        self.assertEqual(len(set(ids)), 1000)
        stored = talk.maildrop(self.server.pop3, self.mailbox)
        self.assertEqual([id for id, _ in stored], ids)  # oldest first
        for number, (_, octets) in enumerate(stored):
            self.assertEqual(talk.without_trace(octets)[1], message(number))

        with talk.pop3(self.server.pop3, self.mailbox) as session:
            total = sum(len(octets) for _, octets in stored)
            session.expect(f"+OK 1000 {total}", "STAT")
            session.send("".join(f"DELE {number}\r\n" for number in range(1, 1001)))
            for _ in range(1000):
                session.expect("+OK")
            session.expect("+OK 0 0", "STAT")
            session.expect("+OK", "QUIT")
        self.assertEqual(talk.maildrop(self.server.pop3, self.mailbox), [])


class PythonLibraries(RoundTrip):
    """smtplib and poplib, as a program would use them."""

    def send(self, message):
        with smtplib.SMTP("127.0.0.1", self.server.smtp, "client.example.net") as client:
            client.sendmail("bo@example.net", [self.mailbox], message,
                            mail_options=["BODY=8BITMIME"])

    def fetch(self):
        client = poplib.POP3("127.0.0.1", self.server.pop3, timeout=talk.SECONDS)
        client.user(self.mailbox)
        client.pass_("any thing")
        self.assertEqual(client.stat()[0], 1)
        _, lines, octets = client.retr(1)
        self.assertEqual(client.list(1).split()[-1], str(octets).encode())
        self.assertIn("UIDL", client.capa())
        _, top, _ = client.top(1, 0)
        self.assertEqual(lines[:len(top)], top)
        client.quit()
        return b"".join(line + b"\r\n" for line in lines)

    def check(self, message):
        _, rest = talk.without_trace(self.fetch())
        self.assertEqual(rest, message)

    def test_text(self):
        self.send(HEAD + "Grüße\r\n.\r\n..\r\n".encode())
        self.check(HEAD + "Grüße\r\n.\r\n..\r\n".encode())

    def test_no_line_end_at_the_end(self):
        self.send(HEAD + b"cut")
        self.check(HEAD + b"cut\r\n")

    def test_empty_message(self):
        self.send(b"")
        # smtplib ends what does not end in CRLF, the empty message too
        self.check(b"\r\n")

    def test_extensions(self):
        with smtplib.SMTP("127.0.0.1", self.server.smtp, "client.example.net") as client:
            client.ehlo()
            self.assertEqual(client.esmtp_features["size"], str(50 << 20))
            for name in ("pipelining", "8bitmime", "enhancedstatuscodes"):
                self.assertTrue(client.has_extn(name), name)
            self.assertEqual(client.verify("ana@example.test")[0], 252)
            self.assertEqual(client.noop()[0], 250)

    def test_exclusive_maildrop(self):  # RFC 1939 section 4, RFC 2449 section 8.1.2
        first = poplib.POP3("127.0.0.1", self.server.pop3, timeout=talk.SECONDS)
        first.user(self.mailbox)
        first.pass_("x")
        second = poplib.POP3("127.0.0.1", self.server.pop3, timeout=talk.SECONDS)
        second.user(self.mailbox)
        with self.assertRaisesRegex(poplib.error_proto, r"-ERR \[IN-USE\]"):
            second.pass_("x")
        first.quit()
        second.user(self.mailbox)
        second.pass_("x")
        second.quit()


@unittest.skipUnless(CORPUS.is_dir(), f"no corpus at {CORPUS} (PORTICO_CORPUS names another)")
class Corpus(RoundTrip):
    """Real and malformed messages, which are no part of this project."""

    def test_every_message(self):
        files = sorted(CORPUS.glob("*.eml"))
        self.assertTrue(files)
        for number, file in enumerate(files):
            with self.subTest(file=file.name):
                message = re.sub(rb"(?<!\r)\n", b"\r\n", file.read_bytes())
                if message and not message.endswith(b"\r\n"):
                    message += b"\r\n"
                mailbox = f"corpus-{number}@example.test"
                id = talk.deliver(self.server.smtp, message, [mailbox])
                self.check_stored(message, id, mailbox)
