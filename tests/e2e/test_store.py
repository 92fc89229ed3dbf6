"""portico store check, backup, export and import, with and without a running server."""

import fcntl
import json
import mailbox
import os
import pathlib
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest

import talk
from harness import Portico, default_binary, run
from test_content import CORPUS

LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 20_000
SECONDS = 30  # for what a test waits for


def until(true, what):
    end = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"not within {SECONDS} s: {what}")
        time.sleep(0.02)


def deliver_binary(port, message, to):
    """By BDAT, which takes any octets (RFC 3030)."""
    with talk.smtp(port) as session:
        session.expect("250", "MAIL FROM:<bo@example.net> BODY=BINARYMIME")
        session.expect("250", f"RCPT TO:<{to}>")
        session.send(b"BDAT %d LAST\r\n" % len(message) + message)
        return talk.queued_id(session.reply())


def wire_form(octets):
    """What import makes of a file with one message."""
    line = octets.find(b"\n")
    if line < 0 or octets[line - 1:line] == b"\r":
        return octets
    octets = re.sub(rb"(?<!\r)\n", b"\r\n", octets)
    return octets if octets.endswith(b"\n") else octets + b"\r\n"


class StoreTest(unittest.TestCase):
    """A folder, and a configuration whose data folder is in it."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="portico-store-")))
        self.data = self.folder / "data"
        self.config = self.folder / "portico.toml"
        self.config.write_text(f'[host]\nname = "mx.example.test"\ndata = "{self.data}"\n'
                               '[log]\nlevel = "warn"\n')

    def store(self, *arguments, code=0, config=None):
        done = run([default_binary(), "--config", config or self.config, "store", *arguments],
                   check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def exported(self, *, config=None, mailbox=None):
        """The octets of all messages, by mailbox, sorted."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            only = ["--mailbox", mailbox] if mailbox else []
            self.store("export", "--format", "eml", *only, folder, config=config)
            return {path.name: sorted(file.read_bytes() for file in path.glob("*.eml"))
                    for path in pathlib.Path(folder).iterdir()}


class Check(StoreTest):
    """Each kind of damage, done on purpose to a copy of one good store."""

    @classmethod
    def setUpClass(cls):
        cls.good = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="portico-good-"))) / "data"
        with Portico() as server:
            cls.small = talk.deliver(server.smtp, b"Subject: small\r\n\r\nhello\r\n",
                                     ["ana@example.test", "eve@example.test"])
            cls.large = talk.deliver(server.smtp, LARGE, ["ana@example.test"])
            cls.last = talk.deliver(server.smtp, b"Subject: last\r\n\r\nbye\r\n")
            server.stop()
            shutil.copytree(server.data, cls.good)

    def setUp(self):
        super().setUp()
        shutil.copytree(self.good, self.data)

    def sql(self, *statements):
        database = sqlite3.connect(self.data / "mail.db", isolation_level=None)
        for statement in statements:
            database.execute(statement)
        database.close()

    def finds(self, *patterns):
        """The findings are these and no others."""
        done = self.store("check", code=1 if patterns else 0)
        *found, summary = done.stdout.splitlines()
        self.assertEqual(len(found), len(patterns), done.stdout)
        for pattern in patterns:
            self.assertTrue(any(re.search(pattern, line) for line in found),
                            f"{pattern} in:\n{done.stdout}")
        how_many = {0: "sound", 1: "1 finding"}.get(len(patterns), f"{len(patterns)} findings")
        self.assertIn(f"{self.data}: {how_many}, ", summary)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_a_sound_store(self):
        out = self.finds()
        self.assertRegex(out, r"sound, 3 messages, 35\d\.\d KiB in 2 mailboxes, 1 file in bodies/")

    def test_a_body_that_is_gone(self):
        (self.data / "bodies" / self.large).unlink()
        self.finds(rf"message {self.large}: bodies/{self.large} is not there, \d+ octets are lost")

    def test_a_flipped_bit_in_a_body(self):
        with (self.data / "bodies" / self.large).open("r+b") as file:
            file.seek(300_000)
            octet = file.read(1)[0]
            file.seek(300_000)
            file.write(bytes([octet ^ 4]))
        self.finds(rf"message {self.large}: its \d+ octets are not those that were stored")

    def test_a_body_that_was_cut_off(self):
        os.truncate(self.data / "bodies" / self.large, 300_000)
        self.finds(rf"message {self.large} has 300000 octets instead of \d+")

    def test_a_body_nobody_needs(self):
        self.sql("DELETE FROM message WHERE in_file = 1",
                 f"DELETE FROM delivery WHERE uid = '{self.large}'",
                 "UPDATE store SET (messages, bytes) = (SELECT count(*), sum(size) FROM message)",
                 "UPDATE mailbox SET (messages, bytes) = (SELECT count(*), sum(size) FROM delivery "
                 "WHERE mailbox = mailbox.id)")
        self.finds(rf"bodies/{self.large} belongs to no message; the server's next start")

    def test_a_file_that_is_no_body(self):
        (self.data / "bodies" / "notes.txt").write_text("mine")
        (self.data / "bodies" / ("z" * 22)).write_text("of another store")
        self.finds(r"bodies/notes\.txt is no message", "bodies/z{22} is no message")

    def test_a_changed_body_in_a_row(self):
        self.sql("UPDATE message SET body = CAST(replace(body, 'hello', 'hallo') AS BLOB) "
                 f"WHERE uid = '{self.small}'")
        self.finds(rf"message {self.small}: its \d+ octets are not those that were stored")

    def test_a_shorter_body_in_a_row(self):
        self.sql(f"UPDATE message SET body = x'00' WHERE uid = '{self.small}'")
        self.finds(rf"message {self.small} has 1 octets instead of \d+")

    def test_a_row_without_body(self):
        self.sql(f"UPDATE message SET body = NULL WHERE uid = '{self.small}'")
        self.finds(rf"message {self.small}: its row has no octets")

    def test_a_wrong_checksum(self):
        self.sql(f"UPDATE message SET hash = hash + 1 WHERE uid = '{self.small}'")
        self.finds(rf"message {self.small}: its \d+ octets are not those")

    def test_no_checksum_is_no_damage(self):
        self.sql("UPDATE message SET hash = NULL")
        self.assertIn("3 messages from before there were checksums", self.store("check").stdout)

    def test_an_id_that_leads_elsewhere(self):
        self.sql(f"UPDATE message SET uid = 'A' || substr(uid, 2) WHERE uid = '{self.last}'")
        self.finds(r"has key \d+, which its ID does not lead to",
                   rf"mailbox ana@example.test has message A\w+ \(key \d+\) as {self.last}")

    def test_sizes_that_differ(self):
        self.sql(f"UPDATE delivery SET size = size + 1 WHERE uid = '{self.last}'",
                 "UPDATE mailbox SET bytes = bytes + 1 WHERE name = 'ana@example.test'")
        self.finds(rf"mailbox ana@example.test has message {self.last} with \d+ octets instead of")

    def test_a_message_that_is_gone(self):
        self.sql(f"DELETE FROM message WHERE uid = '{self.last}'")
        self.finds(rf"mailbox ana@example.test has message {self.last} \(key \d+\), which is not",
                   "the store counts 3 messages of .* but has 2 of")

    def test_a_delivery_that_is_gone(self):
        self.sql(f"DELETE FROM delivery WHERE uid = '{self.last}'")
        self.finds(rf"message {self.last} \(key \d+\) is in no mailbox",
                   "mailbox ana@example.test counts 3 messages of .* but has 2 of")

    def test_counters(self):
        self.sql("UPDATE mailbox SET messages = 7 WHERE name = 'eve@example.test'",
                 "UPDATE store SET bytes = 0")
        self.finds("mailbox eve@example.test counts 7 messages of",
                   "the store counts 3 messages of 0 octets, but has 3 of")

    def test_a_mailbox_that_is_gone(self):
        self.sql("DELETE FROM mailbox WHERE name = 'eve@example.test'")
        self.finds("1 messages are in mailbox number 2, which is not there",
                   rf"message {self.small}: its list of mailboxes is none: \[1,2\]")

    def test_mailboxes_that_are_no_list(self):
        for text in ("[1", "7", "", '["ana"]', "[1,99]", "{}"):
            with self.subTest(text=text):
                shutil.rmtree(self.data)
                shutil.copytree(self.good, self.data)
                self.sql(f"UPDATE message SET mailboxes = '{text}' WHERE uid = '{self.last}'")
                out = self.store("check", code=1).stdout
                self.assertIn(f"message {self.last}: its list of mailboxes is none: {text}", out)

    def test_a_mailbox_the_message_does_not_know(self):
        self.sql(f"UPDATE message SET mailboxes = '[1]' WHERE uid = '{self.small}'")
        self.finds(rf"message {self.small} does not know that it is in mailbox eve@example.test")

    def test_the_secret(self):
        self.sql("DELETE FROM store")
        out = self.store("check", code=1).stdout
        self.assertIn("the store's secret is gone", out)

    def test_a_damaged_database(self):
        size = (self.data / "mail.db").stat().st_size
        with (self.data / "mail.db").open("r+b") as file:
            for page in range(1, size // 8192):
                file.seek(page * 8192)
                file.write(b"\xff" * 100)
        out = self.store("check", code=1).stdout
        self.assertIn("mail.db: ", out)
        self.assertRegex(out, r"\d+ findings")

    def test_what_is_no_store(self):
        done = self.store("check", code=1, config=self.other_config(self.folder))
        self.assertIn("there is no mail store here", done.stderr)
        self.sql("PRAGMA user_version = 99")
        self.assertIn("written by a newer portico", self.store("check", code=1).stderr)
        self.sql("PRAGMA user_version = 2")
        self.assertIn("written by an older portico", self.store("check", code=1).stderr)

    def other_config(self, data):
        path = self.folder / "other.toml"
        path.write_text(f'[host]\ndata = "{data}"\n')
        return path


class WithServer(StoreTest):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(Portico())

    def store(self, *arguments, code=0, config=None):
        return super().store(*arguments, code=code, config=config or self.server.config)

    def bodies(self):
        return sorted(path.name for path in (self.server.data / "bodies").iterdir())

    def test_check_of_a_message_that_arrives(self):
        talk.deliver(self.server.smtp, LARGE)
        with talk.smtp(self.server.smtp) as session:
            session.expect("250", "MAIL FROM:<bo@example.net>")
            session.expect("250", "RCPT TO:<ana@example.test>")
            session.expect("354", "DATA")
            session.send(LARGE)
            until(lambda: len(self.bodies()) == 2, "the draft's file")
            out = self.store("check").stdout
            self.assertIn("1 file in bodies/ of messages that were arriving", out)
            session.expect("250", ".")
        self.assertNotIn("arriving", self.store("check").stdout)

    def test_check_finds_damage_all_the_same(self):
        lost = talk.deliver(self.server.smtp, LARGE)
        (self.server.data / "bodies" / lost).unlink()
        self.assertIn(f"bodies/{lost} is not there", self.store("check", code=1).stdout)

    def test_check_of_what_an_earlier_server_left(self):
        id = talk.deliver(self.server.smtp, LARGE)
        file = self.server.data / "bodies" / id
        kept = file.read_bytes()
        self.server.command("mail", "rm", id)
        until(lambda: not file.exists(), "the removal")
        file.write_bytes(kept)
        os.utime(file, (1, 1))
        self.assertIn(f"bodies/{id} belongs to no message", self.store("check", code=1).stdout)

    def test_check_and_backup_under_load(self):
        stop = threading.Event()
        sent, removed, failures = {}, set(), []  # by ID

        def send(number):
            with talk.smtp(self.server.smtp) as session:
                for round in range(10**6):
                    if stop.is_set():
                        return
                    text = f"Subject: {number} {round}\r\n\r\n".encode()
                    text += b"0123456789abcdef\r\n" * (9000 if round % 4 == 0 else 3)
                    talk.data(session, text, [f"box{number}@example.test", "all@example.test"])
                    sent[talk.queued_id(session.reply())] = text

        def remove():
            while not stop.is_set():
                for number in range(3):
                    with talk.pop3(self.server.pop3, f"box{number}@example.test") as session:
                        ids = list(talk.listing(session, "UIDL").values())[:5]
                        for place in range(len(ids)):
                            session.expect("+OK", f"DELE {place + 1}")
                        session.expect("+OK", "QUIT")
                    with talk.pop3(self.server.pop3, "all@example.test") as session:
                        all_ids = list(talk.listing(session, "UIDL").values())
                        places = [place for place, id in enumerate(all_ids) if id in ids]
                        removed.update(ids)  # before: a backup may see it done
                        for place in places:
                            session.expect("+OK", f"DELE {place + 1}")
                        session.expect("+OK", "QUIT")

        def guarded(work, *arguments):
            try:
                work(*arguments)
            except BaseException as error:
                failures.append(error)
                stop.set()

        workers = [threading.Thread(target=guarded, args=(send, number)) for number in range(3)]
        workers.append(threading.Thread(target=guarded, args=(remove,)))
        for worker in workers:
            worker.start()
        try:
            until(lambda: len(sent) > 100 and removed, "some mail")
            for _ in range(3):
                self.store("check")
            before = dict(sent)
            file = self.folder / "backup.tar"
            self.store("backup", file)
            gone = set(removed)
            self.store("check")
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        self.assertEqual(failures, [])
        self.store("check")
        self.assertTrue(before.keys() - gone)

        with tarfile.open(file) as tar:
            self.assertEqual({member.name.split("/")[0] for member in tar.getmembers()},
                             {"mail.db", "mail.db-wal", "bodies"})
            tar.extractall(self.data)
        self.store("check", config=self.config)
        restored = Portico()
        shutil.copytree(self.data, restored.data)
        with restored:
            found = {}
            for name in ("all", "box0", "box1", "box2"):
                for id, octets in talk.maildrop(restored.pop3, f"{name}@example.test"):
                    found[id] = octets
                    self.assertEqual(talk.without_trace(octets)[1], sent[id])
            self.assertLessEqual(before.keys() - gone, found.keys())

    def test_a_restored_store_is_the_same(self):
        for size in (0, 1, 1000, 5000, 100_000):
            talk.deliver(self.server.smtp, b"Subject: x\r\n\r\n" + b"x" * size + b"\r\n",
                         ["ana@example.test", "eve@example.test"])
        deliver_binary(self.server.smtp, b"Subject: bin\r\n\r\n\0\n\r\xff", "eve@example.test")
        file = self.folder / "backup.tar"
        self.store("backup", file)
        names = ("ana@example.test", "eve@example.test")
        there = [talk.maildrop(self.server.pop3, name) for name in names]
        # What came later goes again, though it is in the database's log.
        talk.deliver(self.server.smtp, LARGE)
        self.server.kill()
        self.assertGreater((self.server.data / "mail.db-wal").stat().st_size, 0)
        run(["tar", "-xf", file, "-C", self.server.data])
        self.server.start()
        self.assertEqual([talk.maildrop(self.server.pop3, name) for name in names], there)
        self.store("check")
        self.assertEqual(len(self.bodies()), 1, "the other one was swept")

    def test_a_backup_keeps_bodies_there(self):
        id = talk.deliver(self.server.smtp, LARGE)
        folder = os.open(self.server.data / "bodies", os.O_RDONLY)
        self.addCleanup(os.close, folder)
        fcntl.flock(folder, fcntl.LOCK_SH)  # as a backup does
        self.server.command("mail", "rm", id)
        talk.deliver(self.server.smtp, b"Subject: next\r\n\r\n")
        self.assertEqual(self.bodies(), [id])
        self.assertIn("1 file in bodies/ of messages", self.store("check").stdout)
        fcntl.flock(folder, fcntl.LOCK_UN)
        until(lambda: not self.bodies(), "the removal")

    def test_a_backup_of_a_damaged_store(self):
        lost = talk.deliver(self.server.smtp, LARGE)
        kept = talk.deliver(self.server.smtp, LARGE)
        (self.server.data / "bodies" / lost).unlink()
        file = self.folder / "backup.tar"
        done = self.store("backup", file, code=1)
        self.assertIn(f"bodies/{lost}: No such file", done.stderr)
        self.assertIn("1 damaged body is left out", done.stderr)
        with tarfile.open(file) as tar:
            self.assertIn(f"bodies/{kept}", tar.getnames())

    def test_a_backup_that_fails_leaves_nothing(self):
        talk.deliver(self.server.smtp, LARGE)
        self.assertIn("No such file or directory",
                      self.store("backup", self.folder / "none/b.tar", code=1).stderr)
        self.assertIn("is a folder", self.store("backup", self.folder, code=1).stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["portico.toml"])

    def test_round_trips(self):
        lines = [b"Subject: a\r\n\r\nFrom here\r\n>From there\r\n.\r\n\r\n",
                 b"\r\n", b"Subject: large\r\n\r\n" + b"From the beginning\r\n" * 50_000]
        octets = [b"Subject: b\r\n\r\nno end", b"Subject: c\r\n\r\nFrom\nFrom x\n\n\n\r\0\xff\n",
                  b"x\r\n\r\n" + b"\n" * 300_000]
        for message in lines:
            talk.deliver(self.server.smtp, message, ["first@example.test"], sender="ana@x.test")
        for message in octets:
            deliver_binary(self.server.smtp, message, "first@example.test")
        with talk.smtp(self.server.smtp) as session:
            talk.data(session, b"Subject: bounce\r\n\r\n", ["first@example.test"], sender="")
            session.expect("250")
        stored = self.exported()["first@example.test"]
        self.assertEqual(sorted(talk.without_trace(one)[1] for one in stored),
                         sorted(lines + octets + [b"Subject: bounce\r\n\r\n"]))
        listed = self.listed("first@example.test")
        for format, name in ("mbox", "by-mbox@example.test"), ("eml", "by-eml@example.test"):
            with self.subTest(format=format):
                folder = self.folder / format
                self.store("export", "--format", format, "--mailbox", "first@example.test", folder)
                out = self.store("import", "--mailbox", name, folder).stdout
                self.assertIn("7 messages added, 0 there already", out)
                self.assertEqual(self.exported(mailbox=name)[name], stored)
                self.assertEqual(self.listed(name), listed, "sender and time are kept")
                out = self.store("import", "--mailbox", name, folder).stdout
                self.assertIn("0 messages added, 7 there already", out)
        self.store("check")

    def listed(self, name):
        messages = self.server.command("mail", "ls", name, "--json").stdout
        return [(one["from"], one["size"], one["received"])
                for one in json.loads(messages)]

    def test_an_export_is_what_others_read(self):
        for number in range(3):
            talk.deliver(self.server.smtp, f"Subject: {number}\r\n\r\nFrom here\r\n".encode())
        folder = self.folder / "out"
        self.store("export", folder)
        box = mailbox.mbox(folder / "ana@example.test.mbox", create=False)
        self.assertEqual([message["Subject"] for message in box], ["0", "1", "2"])
        self.assertEqual([message.get_from().split(" ")[0] for message in box],
                         ["bo@example.net"] * 3)
        for message in box:
            self.assertEqual(message.get_payload(), ">From here\n")

    def test_an_import_of_what_others_wrote(self):
        box = mailbox.mbox(self.folder / "others")
        for number in range(3):
            message = mailbox.mboxMessage(f"Subject: {number}\n\nFrom here\n\nbye\n")
            message.set_from("eve@example.net", time.gmtime(1_000_000_000 + number))
            box.add(message)
        box.close()
        self.store("import", "--mailbox", "ana@example.test", self.folder / "others")
        self.assertEqual([octets for _, octets in talk.maildrop(self.server.pop3,
                                                                "ana@example.test")],
                         [f"Subject: {number}\r\n\r\nFrom here\r\n\r\nbye\r\n".encode()
                          for number in range(3)])
        self.assertEqual({(sender, time) for sender, _, time in self.listed("ana@example.test")},
                         {("eve@example.net", f"2001-09-09T01:46:4{number}Z")
                          for number in range(3)})

    def test_an_export_again_changes_nothing(self):
        first = talk.deliver(self.server.smtp, b"Subject: one\r\n\r\n")
        folder = self.folder / "out"
        for format in ("mbox", "eml"):
            self.assertIn("1 file written, 0 unchanged",
                          self.store("export", "--format", format, folder).stdout)
        files = [path for path in folder.rglob("*") if path.is_file()]
        before = {path: path.stat() for path in files}
        for format in ("mbox", "eml"):
            self.assertIn("0 files written, 1 unchanged",
                          self.store("export", "--format", format, folder).stdout)
        self.assertEqual({path: path.stat().st_ino for path in files},
                         {path: status.st_ino for path, status in before.items()})
        (folder / "ana@example.test" / f"{first}.eml").write_bytes(b"spoiled")
        self.assertIn("1 file written", self.store("export", "--format", "eml", folder).stdout)
        self.assertEqual({path for path in folder.rglob("*") if path.is_file()}, set(files))

    def test_mailboxes_with_odd_names(self):
        names = ['a/b%2f@example.test', '"..//x y"@example.test', "grüße@example.test"]
        for name in names:
            with talk.smtp(self.server.smtp) as session:
                session.send(f"MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<{name}>\r\nDATA\r\n".encode())
                for start in ("250", "250", "354"):
                    session.expect(start)
                session.expect("250", "Subject: x\r\n\r\n.")
        folder = self.folder / "out"
        self.store("export", folder)
        self.assertEqual(len(list(folder.iterdir())), 3)
        self.assertIn("0 messages added, 3 there", self.store("import", folder).stdout)

    def test_mistakes(self):
        (self.folder / "text").write_text("Subject: x\n\n")
        (self.folder / "bad.mbox").write_text("Subject: x\n\n")
        for arguments, words in (
                (["import", self.folder / "none"], "No such file"),
                (["import", self.folder / "text"], "say --mailbox NAME"),
                (["import", self.folder / "bad.mbox"], "is no mbox file"),
                (["export", "--mailbox", "nobody@example.test", self.folder / "o"], "has no mail")):
            done = self.store(*arguments, code=1)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.store("export", "--format", "pdf", self.folder, code=2)
        self.store(code=2)


class WithoutServer(StoreTest):
    def test_import_makes_a_store(self):
        (self.folder / "x.eml").write_bytes(b"Subject: x\n\nhello")
        out = self.store("import", "--mailbox", "ana@example.test", self.folder / "x.eml").stdout
        self.assertEqual(out, "1 file: 1 message added, 0 there already\n")
        self.store("check")
        self.assertEqual(self.exported(), {"ana@example.test": [b"Subject: x\r\n\r\nhello\r\n"]})
        server = Portico()
        shutil.copytree(self.data, server.data)
        with server:
            [(_, octets)] = talk.maildrop(server.pop3, "ana@example.test")
            self.assertEqual(octets, b"Subject: x\r\n\r\nhello\r\n")

    def test_an_export_comes_back_by_its_names(self):
        for name in "ana@example.test", "eve@example.test":
            folder = self.folder / "mail" / name
            folder.mkdir(parents=True)
            for number in range(3):
                (folder / f"{number}.eml").write_bytes(f"Subject: {name}\r\n\r\n{number}".encode())
        self.assertIn("6 messages added", self.store("import", self.folder / "mail").stdout)
        stored = self.exported()
        for format in "mbox", "eml":
            shutil.rmtree(self.data)
            self.store("import", self.folder / "mail")
            folder = self.folder / format
            self.store("export", "--format", format, folder)
            shutil.rmtree(self.data)
            self.assertIn("6 messages added", self.store("import", folder).stdout)
            self.assertEqual(self.exported(), stored)

    def test_accounts_that_are_listed(self):
        self.config.write_text(self.config.read_text() + '[mail]\naccept = "listed"\n[auth]\n'
                               'mode = "listed"\n[[account]]\nname = "ana"\n'
                               'addresses = ["info@example.test"]\nsecret = "x"\n')
        self.config.chmod(0o600)
        (self.folder / "x.eml").write_bytes(b"Subject: x\r\n\r\n")
        done = self.store("import", "--mailbox", "eve@example.test", self.folder / "x.eml", code=1)
        self.assertIn('there is no mailbox "eve@example.test"', done.stderr)
        for name in "ana", "info@example.test", "Ana@mx.example.test":
            self.store("import", "--mailbox", name, self.folder / "x.eml")
        self.assertEqual(self.exported(), {"ana@mx.example.test": [b"Subject: x\r\n\r\n"]})

    @unittest.skipUnless(CORPUS.is_dir(), f"no corpus at {CORPUS} (PORTICO_CORPUS names another)")
    def test_the_corpus(self):
        files = sorted(CORPUS.glob("*.eml"))
        self.assertTrue(files)
        self.store("import", "--mailbox", "ana@example.test", CORPUS)
        stored = self.exported()["ana@example.test"]
        self.assertEqual(stored, sorted({wire_form(file.read_bytes()) for file in files}))
        folder = self.folder / "mbox"
        self.store("export", folder)
        box = mailbox.mbox(folder / "ana@example.test.mbox", create=False)
        self.assertEqual(len(box), len(stored))
        self.store("import", "--mailbox", "eve@example.test", folder)
        self.assertEqual(self.exported()["eve@example.test"], stored)
        self.store("check")

    def on_a_terminal(self, *arguments, at="", then=lambda process: None):
        """Runs with standard error on a terminal; calls `then` when that shows `at`."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([default_binary(), "--config", self.config, "store",
                                    *arguments], stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
                if at and at in shown.decode():
                    then(process)
                    at = ""
        except OSError:  # EIO: the other end is closed
            pass
        os.close(ours)
        process.stdout.read()
        process.stdout.close()
        return process.wait(SECONDS), shown.decode()

    def fill(self, messages, size):
        with (self.folder / "many.mbox").open("wb") as file:
            for number in range(messages):
                file.write(f"From ana@example.net Wed Nov  4 12:00:00 2026\nSubject: {number}\n\n"
                           .encode() + b"0123456789abcde\n" * (size // 16) + b"\n")
        return ["import", "--mailbox", "ana@example.test", self.folder / "many.mbox"]

    def test_progress_on_a_terminal(self):
        for arguments, words in (
                (self.fill(20, 50_000), "Importing"), (["check"], "Checking"),
                (["export", self.folder / "out"], "Exporting"),
                (["backup", self.folder / "b.tar"], "Backing up")):
            code, shown = self.on_a_terminal(*arguments)
            self.assertEqual(code, 0)
            self.assertRegex(shown, rf"\r{words}  \[[#.]{{24}}\] +\d+ %  .* of .*B")
            self.assertTrue(shown.endswith("\r\x1b[K"), "nothing of it is left")
        self.assertEqual(self.store("check").stderr, "", "none where there is no terminal")

    def test_an_import_that_is_interrupted_goes_on(self):
        arguments = self.fill(400, 10_000)
        code, shown = self.on_a_terminal(*arguments, at="Importing",
                                         then=lambda process: process.send_signal(signal.SIGINT))
        self.assertEqual(code, 130)
        self.assertIn("interrupted; the same command goes on from there", shown)
        self.store("check")
        out = self.store(*arguments).stdout
        added, known = map(int, re.search(r"(\d+) messages? added, (\d+) there", out).groups())
        self.assertEqual(added + known, 400)
        self.assertGreater(added, 0)
        self.assertEqual(len(self.exported()["ana@example.test"]), 400)

    def test_an_interruption_leaves_nothing(self):
        self.store(*self.fill(300, 60_000))
        for arguments, at in ((["backup", self.folder / "b.tar"], "Copying"),
                              (["backup", self.folder / "c.tar"], "Backing up"),
                              (["export", self.folder / "out"], "Exporting"),
                              (["check"], "Checking")):
            code, shown = self.on_a_terminal(
                *arguments, at=at, then=lambda process: process.send_signal(signal.SIGTERM))
            # Whoever was quicker: all is there, or nothing.
            self.assertIn(code, (0, 130), shown)
            if code == 130:
                self.assertIn("portico: interrupted", shown)
                self.assertFalse(pathlib.Path(arguments[-1]).is_file())
            self.assertEqual([path for path in self.folder.rglob(".portico-*")], [])
        for file in self.folder.glob("*.tar"):
            tarfile.open(file).getmembers()

