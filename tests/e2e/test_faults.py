"""The disk is full, fails, may not be written to; the database is locked or damaged. Senders are told 452 or 451,
readers get what can be read, the log says what and where, nothing acknowledged is lost, and it goes on by itself."""

import contextlib
import errno
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest

import crashes
import crowd
import harness
import talk
from harness import rule
from test_limits import wait_until

KIB = 1 << 10
SMALL, LARGE = 2 * KIB, 200 * KIB  # a row, a file


class Promises:
    """Sends messages and remembers which were taken: those have to be there, and no other."""

    def __init__(self, server, mailbox="ana@example.test"):
        self.server = server
        self.mailbox = mailbox
        self.taken = {}  # ID -> message
        self.count = 0

    def send(self, octets, talking=None):
        """The reply to the message."""
        self.count += 1
        message = crowd.make_message(random.Random(self.count), octets, f"{self.mailbox} {self.count}")
        with talking or talk.smtp(self.server.smtp) as client:
            talk.data(client, message, [self.mailbox])
            reply = client.reply()
        if reply.startswith("250 "):
            self.taken[talk.queued_id(reply)] = message
        return reply

    def check(self):
        """Everything that was answered 250 and nothing else."""
        there = {id: talk.without_trace(octets)[1] for id, octets in talk.maildrop(self.server.pop3, self.mailbox)}
        if there != self.taken:
            raise AssertionError(f"lost: {self.taken.keys() - there.keys()}, in addition: "
                                 f"{there.keys() - self.taken.keys()}, or not the same")


class FaultyServer(crashes.Server):
    """A server whose disk fails when it is told to (faults.cpp)."""

    def __init__(self, config_extra=""):
        super().__init__(config_extra)
        self._faults = self.folder / "faults.txt"
        self.binary = crashes.preload(self.folder, "faults", FAULTS=self._faults)

    @contextlib.contextmanager
    def failing(self, calls, pattern, number=errno.EIO):
        """`calls` (as "write,sync") fail for the paths that the pattern matches, until the block ends."""
        new = self.folder / "faults.new"
        new.write_text(f"{calls} */data/{pattern} {number}\n")
        new.rename(self._faults)
        try:
            yield
        finally:
            self._faults.unlink()


class Failing(unittest.TestCase):
    """EIO, and a file system that has become read-only."""

    def setUp(self):
        self.server = self.enterContext(FaultyServer())
        self.promises = Promises(self.server)
        for octets in (SMALL, LARGE):
            self.assertTrue(self.promises.send(octets).startswith("250 "))

    def check_refusal(self, octets, lines, starts="451 "):
        """Twice, as the second must not find what the first has left; the log names file and reason, once."""
        before = len(self.server.log)
        for _ in range(2):
            reply = self.promises.send(octets)
            self.assertTrue(reply.startswith(starts), reply)
        self.promises.check()
        log = self.server.log[before:]
        for line in lines:
            self.assertEqual(log.count(line), 1, f"{line!r} in\n{log}")

    def check_recovery(self):
        before = len(self.server.log)
        for octets in (SMALL, LARGE):
            reply = self.promises.send(octets)
            self.assertTrue(reply.startswith("250 "), reply)
        self.promises.check()
        self.assertIn("works again", self.server.log[before:])
        self.server.kill()
        self.server.start()
        crashes.check_bodies(self.server.data)
        self.promises.check()
        self.server.stop()
        crashes.check_database(self.server.data)
        self.server.start()

    def test_the_wal_cannot_be_written(self):
        with self.server.failing("write", "mail.db-wal"):
            for octets in (SMALL, LARGE):
                self.check_refusal(octets, ["mail.db: disk I/O error: Input/output error (SQLite 778)"] * (octets == SMALL))
        self.check_recovery()

    def test_the_wal_cannot_be_synced(self):
        with self.server.failing("sync", "mail.db-wal"):
            self.check_refusal(SMALL, ["mail.db: disk I/O error: Input/output error (SQLite 1034)"])
        self.check_recovery()

    def test_a_body_cannot_be_written_or_synced(self):
        for calls in ("open", "write", "sync"):
            with self.subTest(calls), self.server.failing(calls, "bodies/*"):
                self.check_refusal(LARGE, ["writing bodies fails: "])
                reply = self.promises.send(SMALL)  # which needs no file
                self.assertTrue(reply.startswith("250 "), reply)
            # Whole again at each turn.
            self.assertTrue(self.promises.send(LARGE).startswith("250 "))
        with self.server.failing("sync", "bodies"):
            self.check_refusal(LARGE, ["data/bodies: Input/output error"])
        self.check_recovery()

    def test_the_database_file_cannot_be_written(self):
        # The WAL has it all: mail goes on, only the WAL grows.
        with self.server.failing("write,sync", "mail.db"):
            for _ in range(150):  # of 8 pages and some more; at 1,000 there is a checkpoint
                self.assertTrue(self.promises.send(60 * KIB).startswith("250 "))
            wait_until(lambda: "checkpointing fails: " in self.server.log, "the log says so")
            self.promises.check()
        self.assertEqual(self.server.log.count("checkpointing fails"), 1)
        while "checkpointing works again" not in self.server.log:
            self.assertTrue(self.promises.send(60 * KIB).startswith("250 "))
        self.promises.check()

    @rule("3206", "4", "SYS/TEMP: a message cannot be read now; the rest can")
    def test_a_message_cannot_be_read(self):
        for what, number in (("bodies/*", 2), ("mail.db*", 1)):
            # Pages that were read lately are in memory.
            self.server.stop()
            self.server.start()
            with talk.pop3(self.server.pop3) as reader, self.server.failing("read", what):
                reader.expect("-ERR [SYS/TEMP]", f"RETR {number}")
                self.assertIn("reading mail fails: ", self.server.log)
                reader.expect("+OK", "NOOP")
                self.assertTrue(self.promises.send(LARGE if number == 1 else SMALL)[:3] in ("250", "451"))
            self.promises.check()

    def test_the_file_system_becomes_read_only(self):
        calls = "open,write,truncate,remove"
        with self.server.failing(calls, "*", errno.EROFS):
            self.check_refusal(SMALL, ["Read-only file system"])
            self.check_refusal(LARGE, ["writing bodies fails: "])
            with talk.pop3(self.server.pop3) as reader:
                reader.expect("+OK", "DELE 1")
                reader.expect("-ERR [SYS/TEMP]", "QUIT")
            removed = self.server.command("mail", "rm", next(iter(self.promises.taken)), check=False)
            self.assertNotEqual(removed.returncode, 0)
            self.promises.check()
        self.check_recovery()


class Locked(unittest.TestCase):
    def test_another_process_writes_to_the_database(self):
        """As `sqlite3 mail.db` in a terminal that was forgotten."""
        with crashes.Server() as server:
            promises = [Promises(server, f"box{number}@example.test") for number in range(8)]
            self.assertTrue(promises[0].send(SMALL).startswith("250 "))
            replies = []
            with contextlib.closing(sqlite3.connect(server.data / "mail.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                # All at once: they share the wait for the lock.
                senders = [threading.Thread(target=lambda each=each: replies.append(each.send(SMALL)))
                           for each in promises]
                for sender in senders:
                    sender.start()
                promises[0].check()  # readers do not wait
                for sender in senders:
                    sender.join()
                other.execute("ROLLBACK")
            self.assertEqual([reply[:4] for reply in replies], ["451 "] * len(promises))
            self.assertEqual(server.log.count("writing mail fails: "), 1)
            self.assertIn("mail.db: database is locked", server.log)
            for each in promises:
                self.assertTrue(each.send(SMALL).startswith("250 "))
                each.check()


class Damaged(unittest.TestCase):
    PAGE = 8192

    def scribble(self, path, pages):
        with path.open("r+b") as file:
            for page in pages:
                file.seek(page * self.PAGE)
                file.write(b"\xff" * self.PAGE)

    def test_it_does_not_start_on_a_damaged_database_and_leaves_it_alone(self):
        with crashes.Server() as server:
            Promises(server).send(SMALL)
            server.stop()
            path = server.data / "mail.db"
            for pages in ([0], range(1, path.stat().st_size // self.PAGE)):
                whole = path.read_bytes()
                self.scribble(path, pages)
                damaged = path.read_bytes()
                with self.assertRaisesRegex(AssertionError, "exit code 1(.|\n)*mail.db: (database disk image is malformed|file is not a database)"):
                    server.start()
                self.assertEqual(path.read_bytes(), damaged)
                path.write_bytes(whole)
            server.start()

    @rule("3206", "4", "SYS/PERM: a message is damaged; the others are served")
    def test_a_message_is_damaged_while_it_runs(self):
        with crashes.Server() as server:
            ana, bo = (Promises(server, f"{name}@example.test") for name in ("ana", "bo"))
            for each in (ana, bo):
                self.assertTrue(each.send(60 * KIB).startswith("250 "))
            server.stop()  # so that all of it is in the database file
            server.start()
            octets = (server.data / "mail.db").read_bytes()
            (message,) = ana.taken.values()
            self.scribble(server.data / "mail.db", [octets.index(message[20_000:20_100]) // self.PAGE])
            with talk.pop3(server.pop3) as reader:
                reader.expect("-ERR [SYS/PERM]", "RETR 1")
                reader.expect("+OK", "NOOP")
            self.assertIn("reading mail fails: ", server.log)
            self.assertIn("mail.db: database disk image is malformed (SQLite ", server.log)
            bo.check()
            self.assertTrue(bo.send(60 * KIB).startswith("250 "))
            bo.check()

    def test_the_database_is_damaged_while_it_runs(self):
        with crashes.Server() as server:
            promises = Promises(server)
            for _ in range(5):
                self.assertTrue(promises.send(60 * KIB).startswith("250 "))
            self.assertTrue(promises.send(LARGE).startswith("250 "))
            server.stop()
            server.start()
            with talk.pop3(server.pop3) as reader:
                path = server.data / "mail.db"
                self.scribble(path, range(1, path.stat().st_size // self.PAGE))
                # What it has in memory it may go on with; nothing else is promised but an answer.
                for number in range(1, 7):
                    reader.expect("-ERR [SYS/PERM]", f"RETR {number}")
                for octets in (SMALL, LARGE):
                    self.assertRegex(promises.send(octets), "^(250|451) ")
            self.assertRegex(talk_to_pop3(server), r"^(-ERR \[SYS/PERM\]|\+OK)")
            self.assertRegex(server.log, "reading mail fails: .*mail.db: database disk image is malformed")
            self.assertEqual(server.command("health").returncode, 0)


def talk_to_pop3(server):
    with talk.Talk(server.pop3) as reader:
        reader.expect("+OK", "USER ana@example.test")
        return reader.ask("PASS any")


class SmallDisk(unittest.TestCase):
    """On a tmpfs that nobody but the server sees."""

    def setUp(self):
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            raise unittest.SkipTest("NO FILE SYSTEM MAY BE MOUNTED HERE (needs root), nothing was tested")

    def mounted(self, server, mount):
        """Lets the server run where its data folder is `mount`ed: a shell command."""
        server.data.mkdir(mode=0o700, exist_ok=True)
        program = server.folder / "mounted"
        program.write_text(f"#!/bin/sh\nexec unshare -m sh -c '{mount} && exec \"$0\" \"$@\"' "
                           f'"{harness.users_binary()}" "$@"\n')
        program.chmod(0o755)
        server.binary = program

    def on_small_disk(self, mib):
        server = crashes.Server()
        self.mounted(server, f'mount -t tmpfs -o size={mib}m,mode=0700 tmpfs "{server.data}"')
        return server

    def disk(self, server):
        """The server's data folder as the server sees it."""
        return pathlib.Path(f"/proc/{server.pid}/root{server.data}")

    def fill(self, server):
        """Takes what is left."""
        with (self.disk(server) / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"x" * 4096)

    def test_a_full_disk(self):
        with self.on_small_disk(4) as server:
            promises = Promises(server)
            for octets in (SMALL, LARGE):
                self.assertTrue(promises.send(octets).startswith("250 "))
            self.fill(server)
            for octets in 3 * [60 * KIB, LARGE]:
                reply = promises.send(octets)
                self.assertTrue(reply.startswith("452 4.3.1"), reply)
            promises.check()
            self.assertEqual(server.log.count("writing mail fails: "), 1)
            self.assertEqual(server.log.count("writing bodies fails: "), 1)
            self.assertRegex(server.log, r"writing mail fails: .*less than 512 KiB of the disk are left")
            self.assertRegex(server.log, r"bodies/\w+: No space left on device")
            (self.disk(server) / "ballast").unlink()
            for octets in (60 * KIB, LARGE):
                self.assertTrue(promises.send(octets).startswith("250 "))
            promises.check()
            for what in ("mail", "bodies"):
                self.assertIn(f"writing {what} works again, after 3 failures", server.log)
            self.assertEqual(len(os.listdir(self.disk(server) / "bodies")), 2)

    def test_mail_that_fills_the_disk_can_be_deleted(self):
        with self.on_small_disk(96) as server:
            promises = Promises(server)
            own = random.Random(crashes.SEED)
            print(f"seed {crashes.SEED} (PORTICO_CRASH_SEED)", flush=True)
            for turn in range(2):
                refused = 0
                while refused < 10:
                    octets = own.choice((SMALL, 60 * KIB, LARGE, 4000 * KIB))
                    reply = promises.send(octets)
                    self.assertIn(reply[:4], ("250 ", "452 "))
                    refused += reply.startswith("452 ")
                promises.check()
                with talk.pop3(server.pop3) as reader:
                    ids = talk.listing(reader, "UIDL")
                    chosen = own.sample(list(ids), len(ids) // 2)
                    for number in chosen:
                        reader.expect("+OK", f"DELE {number}")
                    reader.expect("+OK", "QUIT")
                for number in chosen:
                    del promises.taken[ids[number]]
                promises.check()
                self.assertTrue(promises.send(60 * KIB).startswith("250 "))

    def test_a_disk_that_is_read_only_at_the_start(self):
        with crashes.Server() as server:
            promises = Promises(server)
            promises.send(SMALL)
            server.stop()
            writable = server.binary
            self.mounted(server, f'mount --bind "{server.data}" "{server.data}" && '
                                 f'mount -o remount,bind,ro "{server.data}"')
            with self.assertRaisesRegex(AssertionError, "exit code 1(.|\n)*data: Read-only file system"):
                server.start()
            server.binary = writable
            server.start()
            promises.check()


if __name__ == "__main__":
    unittest.main()
