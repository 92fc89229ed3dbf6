"""What was written is on the disk before the reply says so: the server's own system calls, by strace."""

import os
import pathlib
import random
import re
import subprocess
import tempfile
import unittest

import crowd
import harness
import talk
from harness import rule
from test_limits import wait_until

CALLS = ("write", "pwrite64", "writev", "pwritev", "sendto", "sendmsg", "openat", "fsync", "fdatasync",
         "ftruncate", "mkdir")
SYNCS = ("fsync", "fdatasync")
SAYS = ("write", "writev", "sendto", "sendmsg")
WAL = "mail.db-wal"
# What need not be on the disk: the database file has what the WAL has, later; SQLite makes -shm anew.
LATER = ("mail.db", "mail.db-shm", "portico.lock")


class Call:
    def __init__(self, name, arguments):
        self.name = name
        self.arguments = arguments
        self.result = None  # while it has not returned
        # `write(7</data/mail.db-wal>, "...`, or `openat(AT_FDCWD</data>, "name", ...) = 7</data/name>`
        self.path = re.match(r"\d+<([^>]*)>", arguments)
        self.path = self.path and self.path[1]

    def said(self):
        found = re.search(r'"((?:[^"\\]|\\.)*)"', self.arguments)
        return found[1] if found and self.name in SAYS else ""


class Trace:
    """Calls in their order, each as it begins and once more as it returns."""

    def __init__(self, path):
        self.moments = []  # (call, whether it has returned)
        pending = {}  # by thread
        for line in path.read_text(errors="replace").splitlines():
            thread, _, what = line.partition(" ")
            what = what.strip()
            if resumed := re.match(r"<\.\.\. (\w+) resumed>", what):
                self._returned(pending.pop(thread), what)
            elif begun := re.match(r"(\w+)\((.*)", what):
                call = Call(begun[1], begun[2])
                self.moments.append((call, False))
                if what.endswith("<unfinished ...>"):
                    pending[thread] = call
                else:
                    self._returned(call, what)

    def _returned(self, call, line):
        call.result = line.rpartition(" = ")[2]
        self.moments.append((call, True))

    def until_said(self, text):
        """The moments before `text` was sent to a client; what follows is left for the next one."""
        for index, (call, returned) in enumerate(self.moments):
            if not returned and call.said().startswith(text):
                before, self.moments = self.moments[:index], self.moments[index + 1:]
                return before
        raise AssertionError(f"never sent: {text!r}")


class Disk:
    """What is not on the disk yet: files by what was written, folders by what was created."""

    def __init__(self, data):
        self.data = str(data)
        self.dirty = set()
        self.created = set()  # the folder was empty at the start
        self.synced = []  # in order

    def follow(self, moments):
        for call, returned in moments:
            path = call.path
            if call.name == "openat" and returned and "O_CREAT" in call.arguments:
                created = re.search(r"<([^>]*)>", call.result)
                if created and self.ours(created[1]) and created[1] not in self.created:
                    self.created.add(created[1])
                    self.dirty.add(str(pathlib.Path(created[1]).parent))
            if call.name == "mkdir" and returned and call.result == "0":
                made = re.match(r'"([^"]*)"', call.arguments)[1]
                self.dirty.add(str(pathlib.Path(made).parent))
            if path is None:
                continue
            if call.name in SYNCS:
                if returned and call.result == "0":
                    self.dirty.discard(path)
                    self.synced.append(self.short(path))
            elif self.ours(path) and not returned and call.name != "openat":
                self.dirty.add(path)

    def ours(self, path):
        return path.startswith(self.data)

    def short(self, path):
        return os.path.relpath(path, self.data)

    def unsynced(self):
        return {self.short(path) for path in self.dirty} - set(LATER)


class Syncs(unittest.TestCase):
    def setUp(self):
        strace = harness.program("strace")
        if subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True).returncode != 0:
            raise unittest.SkipTest("STRACE MAY NOT TRACE HERE (ptrace is not allowed), nothing was tested")
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="portico-strace-")))
        self.traced = self.folder / "traced"
        self.trace = self.folder / "trace"
        # -D: the server is our child and strace is not. A leak check would want to trace, too.
        self.traced.write_text(
            f'#!/bin/sh\nASAN_OPTIONS=detect_leaks=0 exec "{strace}" -D -f -y -s 200 -o "{self.trace}" '
            f'-e trace={",".join(CALLS)} "{harness.users_binary()}" "$@"\n')
        self.traced.chmod(0o755)

    def converse(self, durability):
        """Everything that is answered with a promise, in this order."""
        self.ids = {}
        small, large = (crowd.make_message(random.Random(octets), octets, octets) for octets in (2000, 300_000))
        extra = f'[mail]\ndurability = "{durability}"'
        with harness.Portico(extra, binary=self.traced) as server:
            self.data = server.data
            server.binary = harness.users_binary()  # commands are not traced
            with talk.smtp(server.smtp) as client:
                for name, message in (("small", small), ("large", large)):
                    talk.data(client, message)
                    self.ids[name] = talk.queued_id(client.reply())
                for name, message in (("small chunks", small), ("large chunks", large)):
                    client.expect("250", "MAIL FROM:<bo@example.net>")
                    client.expect("250", "RCPT TO:<ana@example.test>")
                    half = len(message) // 2
                    client.send(b"BDAT %d\r\n" % half + message[:half])
                    client.expect("250")
                    client.send(b"BDAT %d LAST\r\n" % (len(message) - half) + message[half:])
                    self.ids[name] = talk.queued_id(client.reply())
            with talk.pop3(server.pop3) as reader:
                reader.expect("+OK", "DELE 1")
                reader.expect("+OK", "DELE 2")
                self.quit = reader.expect("+OK", "QUIT")
            server.command("mail", "rm", self.ids["large chunks"])
        # strace ends a moment after the server.
        wait_until(lambda: self.trace.read_text(errors="replace").endswith("+++ exited with 0 +++\n"),
                   "the trace is whole")
        return Trace(self.trace)

    @rule("5321", "4.2.5", "The server MUST take responsibility for a message it has answered 250: it is on the disk")
    @rule("3030", "2", "BDAT LAST is answered 250 when the message is stored: it is on the disk")
    @rule("1939", "6", "QUIT is answered +OK when the marked messages are removed: on the disk, too")
    def test_full_durability_syncs_before_it_answers(self):
        trace = self.converse("full")
        disk = Disk(self.data)
        disk.follow(trace.until_said("220 "))
        answers = [(name, f"250 2.0.0 Ok: queued as {id}") for name, id in self.ids.items()]
        for name, answer in [*answers, ("quit", self.quit), ("mail rm", "{")]:
            with self.subTest(name):
                disk.synced.clear()
                disk.follow(trace.until_said(answer))
                self.assertEqual(disk.unsynced(), set())
                file = f"bodies/{self.ids.get(name)}"
                expected = [file, "bodies", WAL] if "large" in name else [WAL]
                # What is synced for the rest's sake (a checkpoint) does not matter.
                self.assertEqual([path for path in disk.synced if path in (file, "bodies", WAL)], expected)

    def test_relaxed_durability_waits_for_no_disk(self):
        trace = self.converse("relaxed")
        trace.until_said("220 ")
        disk = Disk(self.data)
        for answer in (*(f"250 2.0.0 Ok: queued as {id}" for id in self.ids.values()), self.quit, "{"):
            disk.follow(trace.until_said(answer))
        self.assertEqual(disk.synced, [])
        self.assertIn(WAL, disk.unsynced())  # it does look where mail is written
        self.assertIn(f"bodies/{self.ids['large']}", disk.unsynced())


if __name__ == "__main__":
    unittest.main()
