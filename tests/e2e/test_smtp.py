"""SMTP octet by octet, where clients are too well-behaved to go."""

import talk
from harness import Portico, ServerTest, port, rule

HEAD = b"Subject: octets\r\n\r\n"
EVIL = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<smuggled@example.test>\r\nDATA\r\nevil\r\n.\r\n"
# How servers have ended DATA that should not have: the end for them, none for us.
ENDS = (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r")


class SmtpTest(ServerTest):
    def stored(self, mailbox=None):
        return [talk.without_trace(octets)[1] for _, octets in
                talk.maildrop(self.server.pop3, mailbox or self.mailbox)]


class Smuggling(SmtpTest):
    @rule("5321", "4.1.1.4", "Only CRLF.CRLF ends the data; a message with another end in it is refused whole")
    def test_strict(self):
        for end in ENDS:
            with self.subTest(end=end), talk.smtp(self.server.smtp) as session:
                session.expect("250", "MAIL FROM:<bo@example.net>")
                session.expect("250", f"RCPT TO:<{self.mailbox}>")
                session.expect("354", "DATA")
                session.send(HEAD + b"first" + end + EVIL)
                session.expect("5")
                session.expect("250", "NOOP")  # one answer, and in step
                talk.data(session, HEAD + b"honest\r\n", ["honest@example.test"])
                talk.queued_id(session.reply())
        self.assertEqual(self.stored("smuggled@example.test"), [])
        self.assertEqual(self.stored(), [])
        self.assertEqual(self.stored("honest@example.test"), [HEAD + b"honest\r\n"] * len(ENDS))

    @rule("5321", "4.1.1.4", "The reply and the log name the kind of a bare line end and its offset")
    def test_the_reply_says_where(self):
        for octet, name in ((b"\r", "CR"), (b"\n", "LF")):
            with talk.smtp(self.server.smtp) as session:
                session.expect("250", "MAIL FROM:<bo@example.net>")
                session.expect("250", f"RCPT TO:<{self.mailbox}>")
                session.expect("354", "DATA")
                session.send(HEAD + b"ab" + octet + b"cd\r\n.\r\n")
                reply = session.expect("5")
                self.assertRegex(reply, rf"\b{name}\b.*\b{len(HEAD) + 3}\b")
                self.assertRegex(self.server.log, rf"\b{name}\b.*\b{len(HEAD) + 3}\b")

    def test_not_strict(self):
        """Stored as sent, and still only CRLF.CRLF ends a message."""
        with Portico(ports=(port("smtp", strict=False), "pop3")) as server:
            for end in ENDS:
                with self.subTest(end=end), talk.smtp(server.smtp) as session:
                    session.expect("250", "MAIL FROM:<bo@example.net>")
                    session.expect("250", "RCPT TO:<ana@example.test>")
                    session.expect("354", "DATA")
                    session.send(HEAD + b"first" + end + EVIL)
                    talk.queued_id(session.reply())
                    session.expect("250", "NOOP")
            stored = [talk.without_trace(octets)[1] for _, octets in
                      talk.maildrop(server.pop3, "ana@example.test")]
            self.assertEqual(talk.maildrop(server.pop3, "smuggled@example.test"), [])
            for end, octets in zip(ENDS, stored, strict=True):
                # The sender's dot at the start of a line is one of stuffing.
                text = (HEAD + b"first" + end + EVIL[:-3]).replace(b"\r\n.", b"\r\n")
                self.assertEqual(octets, text)


class Chunking(SmtpTest):
    @rule("3030", "2", "BDAT in chunks of any octets; LAST ends the message")
    def test_chunks(self):
        message = HEAD + bytes(range(256)) * 40 + b"\r\n.\r\n..\n\r\r\n"
        with talk.smtp(self.server.smtp) as session:
            self.assertIn("CHUNKING", talk.capabilities(session))
            self.assertIn("BINARYMIME", talk.capabilities(session))
            session.expect("250", "MAIL FROM:<bo@example.net> BODY=BINARYMIME")
            session.expect("250", f"RCPT TO:<{self.mailbox}>")
            for start in range(0, len(message), 1000):
                chunk = message[start:start + 1000]
                last = " LAST" if start + 1000 >= len(message) else ""
                session.send(f"BDAT {len(chunk)}{last}\r\n".encode() + chunk)
                session.expect("250")
            session.expect("250", "NOOP")
        self.assertEqual(self.stored(), [message])

    @rule("2920", "3.1", "A whole transaction with BDAT may come in one write")
    def test_pipelined(self):
        with talk.smtp(self.server.smtp) as session:
            text = HEAD + b"all at once\r\n"
            transaction = (f"MAIL FROM:<bo@example.net>\r\nRCPT TO:<{self.mailbox}>\r\n"
                           f"BDAT {len(text)}\r\n").encode() + text + b"BDAT 0 LAST\r\n"
            session.send(transaction * 3 + b"QUIT\r\n")
            for _ in range(3):
                for _ in range(4):
                    session.expect("250")
            session.expect("221")
            self.assertTrue(session.at_end())
        self.assertEqual(self.stored(), [text] * 3)

    @rule("3030", "2", "The octets of a chunk that is refused are no commands")
    def test_refused_chunks(self):
        evil = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<evil@example.test>\r\n"
        with talk.smtp(self.server.smtp) as session:
            session.send(f"BDAT {len(evil)} LAST\r\n".encode() + evil)
            session.expect("503")
            session.expect("503", "RCPT TO:<evil@example.test>")
            session.expect("250", "MAIL FROM:<bo@example.net>")
            session.expect("250", f"RCPT TO:<{self.mailbox}>")
            session.send(b"BDAT 5\r\nhello")
            session.expect("250")
            session.expect("503", "DATA")  # section 2: not within BDAT
            session.expect("250", "RSET")
            session.send(f"BDAT {len(evil)} LAST\r\n".encode() + evil)
            session.expect("503")
            talk.data(session, HEAD, [self.mailbox])
            talk.queued_id(session.reply())
        self.assertEqual(self.stored(), [HEAD])
