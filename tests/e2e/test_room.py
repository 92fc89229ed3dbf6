"""What [mail]'s limits do, as a sender and a reader see it: each of them, refusing and expiring."""

import json
import time
import unittest

import harness
from harness import rule
from talk import Talk

ANA, BOB = "ana@example.test", "bob@example.test"
PADDING = "x" * 70 + "\r\n"


def send(server, *recipients, text="hello\r\n"):
    """The last reply to a whole message."""
    with Talk(server.smtp) as smtp:
        smtp.expect("250", "HELO client.example.net")
        smtp.expect("250", "MAIL FROM:<sender@example.net>")
        for recipient in recipients:
            smtp.expect("250", f"RCPT TO:<{recipient}>")
        smtp.expect("354", "DATA")
        reply = smtp.ask(f"Subject: {text.split()[0]}\r\n\r\n{text}.")
        smtp.expect("221", "QUIT")
    return reply


def subjects(server, mailbox):
    """What is in a maildrop, oldest first, by the first word of each subject."""
    found = []
    with login(server, mailbox) as pop3:
        count = int(pop3.expect("+OK", "STAT").split()[1])
        for number in range(1, count + 1):
            pop3.expect("+OK", f"RETR {number}")
            head = pop3.body().decode()
            found.append(head.split("Subject: ")[1].split()[0])
        pop3.expect("+OK", "QUIT")
    return found


def login(server, mailbox):
    pop3 = Talk(server.pop3)
    pop3.expect("+OK", f"USER {mailbox}")
    pop3.expect("+OK", "PASS secret")
    return pop3


def portico(**limits):
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in limits.items())
    return harness.Portico(config_extra=f"[mail]\n{keys}")


def status(server):
    return json.loads(server.command("mail", "status", "--json").stdout)


class Refuse(unittest.TestCase):
    @rule("5321", "4.5.3.1.9", "a full store answers 452: the sender tries again later")
    def test_max_messages(self):
        with portico(max_messages=2) as server:
            self.assertEqual(send(server, ANA, BOB, text="first\r\n")[:9], "250 2.0.0")
            self.assertEqual(send(server, ANA, text="second\r\n")[:3], "250")
            for _ in range(3):
                self.assertEqual(send(server, BOB), "452 4.3.1 Insufficient system storage")
            self.assertEqual(subjects(server, BOB), ["first"])
            with login(server, ANA) as pop3:
                pop3.expect("+OK", "DELE 2")
                pop3.expect("+OK", "QUIT")
            self.assertEqual(send(server, BOB, text="third\r\n")[:3], "250")
            self.assertEqual(subjects(server, BOB), ["first", "third"])
            self.assertEqual(server.log.count("is full ([mail] max_messages)"), 1)
            self.assertEqual(server.log.count("takes mail again, after 3 refusals"), 1)
            self.assertEqual(status(server)["refused_by_store_limit"], 3)

    def test_max_bytes(self):
        with portico(max_bytes="64 KiB") as server:
            self.assertEqual(send(server, ANA, text="first\r\n" + 500 * PADDING)[:3], "250")
            self.assertEqual(send(server, BOB, text="second\r\n" + 500 * PADDING),
                             "452 4.3.1 Insufficient system storage")
            self.assertEqual(send(server, BOB, text="third\r\n")[:3], "250")
            self.assertEqual(subjects(server, BOB), ["third"])

    @rule("3463", "3.3", "452 4.2.2: the mailbox is full, not the store")
    def test_max_mailbox_messages(self):
        with portico(max_mailbox_messages=1) as server:
            self.assertEqual(send(server, ANA, text="first\r\n")[:3], "250")
            self.assertEqual(send(server, ANA), "452 4.2.2 Mailbox full")
            self.assertEqual(send(server, BOB, ANA), "452 4.2.2 Mailbox full")
            self.assertEqual(subjects(server, BOB), [])
            self.assertEqual(send(server, BOB, text="second\r\n")[:3], "250")
            self.assertIn(f"mailbox {ANA} is full ([mail] max_mailbox_messages)", server.log)
            self.assertEqual(status(server)["refused_by_mailbox_limit"], 2)

    def test_max_mailbox_bytes(self):
        with portico(max_mailbox_bytes="64 KiB") as server:
            self.assertEqual(send(server, ANA, BOB, text="first\r\n" + 500 * PADDING)[:3], "250")
            self.assertEqual(send(server, ANA, text="second\r\n" + 500 * PADDING),
                             "452 4.2.2 Mailbox full")
            self.assertEqual(subjects(server, ANA), ["first"])
            self.assertEqual(subjects(server, BOB), ["first"])


class Expire(unittest.TestCase):
    def test_max_messages(self):
        with portico(max_messages=2, when_full="expire") as server:
            for number in range(5):
                self.assertEqual(send(server, BOB if number == 3 else ANA,
                                      text=f"{number}\r\n")[:3], "250")
            self.assertEqual(subjects(server, ANA), ["4"])
            self.assertEqual(subjects(server, BOB), ["3"])
            figures = status(server)
            self.assertEqual((figures["messages"], figures["expired_messages"]), (2, 3))
            self.assertIn("expired 1 message (", server.log)

    def test_max_bytes(self):
        with portico(max_bytes="64 KiB", when_full="expire") as server:
            for number in range(4):
                self.assertEqual(send(server, ANA, text=f"{number}\r\n" + 320 * PADDING)[:3], "250")
            self.assertEqual(subjects(server, ANA), ["2", "3"])
            self.assertEqual(send(server, ANA, text="x\r\n" + 1000 * PADDING),
                             "452 4.3.1 Insufficient system storage")
            self.assertEqual(subjects(server, ANA), ["2", "3"])

    @rule("1939", "8", "a site may remove mail by its age or for room; a session finds it gone")
    def test_max_mailbox_messages(self):
        with portico(max_mailbox_messages=2, when_full="expire") as server:
            send(server, ANA, text="0\r\n")
            send(server, ANA, BOB, text="1\r\n")
            with login(server, ANA) as pop3:
                send(server, ANA, text="2\r\n")
                pop3.expect("+OK 2 ", "STAT")
                pop3.expect("-ERR", "RETR 1")
                pop3.expect("+OK", "RETR 2")
                pop3.body()
                pop3.expect("+OK", "DELE 1")
                pop3.expect("+OK", "QUIT")
            self.assertEqual(subjects(server, ANA), ["1", "2"])
            self.assertEqual(subjects(server, BOB), ["1"])

    def test_max_mailbox_bytes(self):
        with portico(max_mailbox_bytes="64 KiB", when_full="expire") as server:
            for number in range(4):
                send(server, ANA, text=f"{number}\r\n" + 320 * PADDING)
            send(server, BOB, text="other\r\n")
            self.assertEqual(subjects(server, ANA), ["2", "3"])
            self.assertEqual(subjects(server, BOB), ["other"])


class Age(unittest.TestCase):
    def test_max_age_whatever_when_full_says(self):
        for when_full in ("refuse", "expire"):
            with self.subTest(when_full), portico(max_age="3s", when_full=when_full) as server:
                send(server, ANA, BOB, text="young\r\n" + 2000 * PADDING)
                self.assertEqual(subjects(server, ANA), ["young"])
                end = time.monotonic() + 60
                while status(server)["messages"] > 0 and time.monotonic() < end:
                    pass  # each look is a process of its own
                self.assertEqual(subjects(server, ANA), [])
                self.assertEqual(list((server.data / "bodies").iterdir()), [])
                self.assertIn("expired 2 messages (", server.log)


class SlowReader(unittest.TestCase):
    def test_it_keeps_no_write_ahead_log(self):
        """Clients that stop reading within a RETR and within a LIST, while mail comes."""
        with portico() as server:
            send(server, ANA, text="large\r\n" + 80_000 * PADDING)
            for _ in range(50):
                send(server, BOB)
            with login(server, ANA) as retr, login(server, BOB) as listing:
                retr.send("RETR 1\r\n")
                listing.socket.settimeout(1)
                try:  # until the server takes no more, since its answers do not get away
                    while True:
                        listing.send("LIST\r\n" * 1000)
                except TimeoutError:
                    pass
                with Talk(server.smtp) as smtp:
                    smtp.expect("250", "HELO client.example.net")
                    for _ in range(300):
                        smtp.expect("250", "MAIL FROM:<>")
                        smtp.expect("250", "RCPT TO:<eve@example.test>")
                        smtp.expect("354", "DATA")
                        smtp.expect("250", "Subject: x\r\n\r\n" + 800 * PADDING + ".")
                    smtp.expect("221", "QUIT")
                figures = status(server)
                self.assertEqual(figures["messages"], 351)
                self.assertGreater(figures["checkpoints"], 1)
                self.assertLess(figures["wal_pages"], 1200)  # of 8 KiB; 300 messages are 2,200
                # It goes on where it was.
                retr.expect("+OK")
                self.assertEqual(retr.body().count(PADDING.encode()), 80_000)
                retr.expect("+OK", "QUIT")


class Status(unittest.TestCase):
    def test_what_the_store_has_done(self):
        with portico() as server:
            for _ in range(3):
                send(server, ANA, BOB)
            with login(server, ANA) as pop3:
                pop3.expect("+OK", "DELE 1")
                pop3.expect("+OK", "QUIT")
            figures = status(server)
            self.assertEqual(figures["messages"], 3)
            self.assertEqual(figures["removed_messages"], 1)
            self.assertEqual(figures["changes"], 4)
            self.assertEqual(figures["commits"], 4)
            self.assertEqual(figures["queue_bytes"], 0)
            self.assertGreater(figures["bytes"], 300)
            self.assertGreater(figures["sync_microseconds"], 0)
            shown = server.command("mail", "status").stdout
            self.assertRegex(shown, r"(?m)^stored +3 messages, \d+ B$")


if __name__ == "__main__":
    unittest.main()
