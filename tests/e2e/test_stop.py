"""How the server ends, and what of a session lasts."""

import signal
import socket
import unittest

import talk
from harness import Portico

MESSAGE = b"Subject: last\r\n\r\nwords\r\n"
MAILBOX = "ana@example.test"


class Stop(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Portico())

    def test_idle_sessions_are_told(self):  # RFC 5321 section 3.8
        smtp, pop3 = talk.smtp(self.server.smtp), talk.pop3(self.server.pop3)
        http = socket.create_connection(("127.0.0.1", self.server.http), talk.SECONDS)
        self.server.signal(signal.SIGTERM)
        smtp.expect("421 4.3.2")
        self.assertTrue(smtp.at_end())
        pop3.expect("-ERR")
        self.assertTrue(pop3.at_end())
        self.assertEqual(http.recv(1), b"")
        for peer in (smtp, pop3, http):
            peer.close()
        self.server.wait()
        self.assertFalse(self.server.port_file.exists())
        self.assertFalse((self.server.data / "control.sock").exists())

    def test_a_transaction_is_completed(self):
        idle, busy = talk.smtp(self.server.smtp), talk.smtp(self.server.smtp)
        busy.expect("250", "MAIL FROM:<bo@example.net>")
        busy.expect("250", f"RCPT TO:<{MAILBOX}>")
        busy.expect("354", "DATA")
        busy.send(MESSAGE)
        self.server.signal(signal.SIGTERM)
        idle.expect("421")  # now it is stopping
        idle.close()
        with self.assertRaises(ConnectionRefusedError):
            talk.Talk(self.server.smtp)
        busy.send(".\r\n")
        id = talk.queued_id(busy.reply())
        busy.expect("421")
        self.assertTrue(busy.at_end())
        busy.close()
        self.server.wait()
        self.server.start()
        [(unique_id, octets)] = talk.maildrop(self.server.pop3, MAILBOX)
        self.assertEqual(unique_id, id)
        self.assertEqual(talk.without_trace(octets)[1], MESSAGE)

    def test_sigint_is_the_same(self):
        with talk.smtp(self.server.smtp) as idle:
            self.server.signal(signal.SIGINT)
            idle.expect("421")
        self.server.wait()

    def test_a_second_signal_ends_at_once(self):
        idle, busy = talk.smtp(self.server.smtp), talk.smtp(self.server.smtp)
        busy.expect("250", "MAIL FROM:<>")
        busy.expect("250", f"RCPT TO:<{MAILBOX}>")
        busy.expect("354", "DATA")
        self.server.signal(signal.SIGTERM)
        idle.expect("421")
        self.server.signal(signal.SIGTERM)
        self.server.wait(code=128 + signal.SIGTERM)
        idle.close()
        busy.close()
        self.server.start()
        self.assertEqual(talk.maildrop(self.server.pop3, MAILBOX), [])

    def test_sighup_is_survived(self):
        pid = self.server.pid
        with talk.smtp(self.server.smtp) as session:
            self.server.signal(signal.SIGHUP)
            talk.data(session, MESSAGE)
            talk.queued_id(session.reply())
        self.assertEqual(self.server.pid, pid)
        talk.deliver(self.server.smtp, MESSAGE)
        self.assertEqual(len(talk.maildrop(self.server.pop3, MAILBOX)), 2)


class Grace(unittest.TestCase):
    def test_it_ends(self):
        with Portico('grace = "300ms"\n') as server:
            with talk.smtp(server.smtp) as busy:
                busy.expect("250", "MAIL FROM:<>")
                busy.expect("250", f"RCPT TO:<{MAILBOX}>")
                busy.expect("354", "DATA")
                server.stop()  # the message never ends


class Deletions(unittest.TestCase):
    """RFC 1939 section 6: only QUIT removes."""

    def setUp(self):
        self.server = self.enterContext(Portico())
        self.ids = [talk.deliver(self.server.smtp, MESSAGE) for _ in range(3)]

    def left(self):
        return [id for id, _ in talk.maildrop(self.server.pop3, MAILBOX)]

    def marked(self):
        """A session with the second message marked as deleted."""
        session = talk.pop3(self.server.pop3, MAILBOX)
        session.expect("+OK", "DELE 2")
        return session

    def test_dele_hides(self):
        with self.marked() as session:
            for command in ("RETR 2", "TOP 2 0", "DELE 2", "LIST 2", "UIDL 2"):
                session.expect("-ERR", command)
            self.assertEqual(list(talk.listing(session, "LIST")), [1, 3])
            self.assertEqual(talk.listing(session, "UIDL"), {1: self.ids[0], 3: self.ids[2]})
            session.expect("+OK 2 ", "STAT")

    def test_quit_removes(self):
        with self.marked() as session:
            session.expect("+OK", "QUIT")
        self.assertEqual(self.left(), [self.ids[0], self.ids[2]])

    def test_removed_stays_removed(self):
        with self.marked() as session:
            session.expect("+OK", "QUIT")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.left(), [self.ids[0], self.ids[2]])

    def test_rset_unmarks(self):
        with self.marked() as session:
            session.expect("+OK", "RSET")
            session.expect("+OK", "QUIT")
        self.assertEqual(self.left(), self.ids)

    def test_a_dropped_connection_removes_nothing(self):
        session = self.marked()
        session.socket.shutdown(socket.SHUT_WR)
        self.assertTrue(session.at_end())  # the server has let go of the maildrop
        session.close()
        self.assertEqual(self.left(), self.ids)

    def test_a_stop_removes_nothing(self):
        session = self.marked()
        self.server.stop()
        session.close()
        self.server.start()
        self.assertEqual(self.left(), self.ids)
