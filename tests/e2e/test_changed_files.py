"""A file that has changed is seen within a second, however it has changed; small ones are kept in memory."""

import gzip
import http.client
import os
import pathlib
import random
import socket
import tempfile
import time
import unittest

import talk
from harness import ServerTest

TRUSTED = 1.0  # seconds: a request that is made later than that sees the change
CONNECTIONS = 4  # more than there are loops, each with a cache of its own
OLD, NEW = b"old content\n", b"new content\n"  # as long as each other
LARGE = random.Random(5).randbytes(300_000)  # more than is kept
LONG_AGO = 1_600_000_000


def replace(path, content):
    """The sound way: readers see the old or the new file, and nothing in between."""
    new = path.with_name(path.name + ".part")
    new.write_bytes(content)
    os.utime(new, (LONG_AGO, LONG_AGO))
    new.rename(path)


def overwrite(path, content):
    with path.open("r+b") as file:
        file.write(content)


def overwrite_unseen(path, content):
    """And it gets its old time again."""
    overwrite(path, content)
    os.utime(path, (LONG_AGO, LONG_AGO))


def append(path, content):
    with path.open("ab") as file:
        file.write(content)


def replace_folder(path, content):
    old = path.parent.with_suffix(".old")
    path.parent.rename(old)
    path.parent.mkdir()
    path.write_bytes(content)


def switch_link(path, content):
    """As a site is put in place: its folder is a symbolic link."""
    release = path.parent.with_name("release-2")
    release.mkdir()
    (release / path.name).write_bytes(content)
    link = path.parent.with_name("link.new")
    link.symlink_to("release-2")
    link.rename(path.parent)


# Name: (content before, the change, content after); None: there is no such file.
CHANGES = {
    "replaced.txt": (OLD, lambda path: replace(path, NEW), NEW),
    "rewritten.txt": (OLD, lambda path: overwrite(path, NEW), NEW),
    "rewritten-unseen.txt": (OLD, lambda path: overwrite_unseen(path, NEW), NEW),
    "longer.txt": (OLD, lambda path: append(path, NEW), OLD + NEW),
    "truncated.txt": (OLD, lambda path: os.truncate(path, 3), OLD[:3]),
    "emptied.txt": (OLD, lambda path: os.truncate(path, 0), b""),
    "removed.txt": (OLD, lambda path: path.unlink(), None),
    "appeared.txt": (None, lambda path: path.write_bytes(NEW), NEW),
    "folder/replaced.txt": (OLD, lambda path: replace_folder(path, NEW), NEW),
    "link/switched.txt": (OLD, lambda path: switch_link(path, NEW), NEW),
    "secret.txt": (OLD, lambda path: path.chmod(0), None),
    "grown.bin": (OLD, lambda path: replace(path, LARGE), LARGE),
    "shrunk.bin": (LARGE, lambda path: replace(path, NEW), NEW),
    "large.bin": (LARGE, lambda path: replace(path, LARGE[::-1]), LARGE[::-1]),
    "large-removed.bin": (LARGE, lambda path: path.unlink(), None),
}
if os.geteuid() == 0:
    del CHANGES["secret.txt"]  # nothing is a secret from root


class Changes(ServerTest):
    ports = ("http",)

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="portico-root-")))
        (cls.root / "release-1").mkdir()
        (cls.root / "link").symlink_to("release-1")
        (cls.root / "folder").mkdir()
        for name, (before, _, _) in CHANGES.items():
            if before is not None:
                cls.write(name, before)
        cls.config_extra = f'threads = 2\n[http]\nroot = "{cls.root}"\n'
        super().setUpClass()

    @classmethod
    def write(cls, name, content):
        (cls.root / name).write_bytes(content)
        os.utime(cls.root / name, (LONG_AGO, LONG_AGO))

    def setUp(self):
        super().setUp()
        self.clients = []
        for _ in range(CONNECTIONS):
            client = http.client.HTTPConnection("127.0.0.1", self.server.http, timeout=talk.SECONDS)
            self.addCleanup(client.close)
            self.clients.append(client)

    def get(self, client, name, **fields):
        """The content, None for 404 or 403; and the entity-tag."""
        client.request("GET", "/" + name, headers=fields)
        response = client.getresponse()
        content = response.read()
        if response.status in (403, 404):
            return None, None
        self.assertIn(response.status, (200, 304))
        return content, response.headers["ETag"]

    def watch(self, name, client, changed, before, after):
        """Until the change is seen; from a second after it no answer may be the old one."""
        while True:
            asked = time.monotonic()
            content, tag = self.get(client, name)
            if content == after:
                return tag
            self.assertLessEqual(asked - changed, TRUSTED, f"{name} is still what it was")
            self.assertTrue(content == before, f"{name} is neither the old nor the new: {content!r:.99}")

    def test_of_all_kinds(self):
        tags = {}
        for name, (before, _, _) in CHANGES.items():
            for _ in range(3):  # they are hot
                for client in self.clients:
                    content, tags[name] = self.get(client, name)
                    self.assertTrue(content == before, name)
        changed = {}
        for name, (_, change, _) in CHANGES.items():
            change(self.root / name)
            changed[name] = time.monotonic()
        for name, (before, _, after) in CHANGES.items():
            with self.subTest(name):
                for client in self.clients:
                    tag = self.watch(name, client, changed[name], before, after)
                    if None not in (before, after):
                        self.assertNotEqual(tag, tags[name])
                        # Who has the old one is not told that it is still right.
                        content, _ = self.get(client, name, **{"If-None-Match": tags[name]})
                        self.assertTrue(content == after, name)

    def test_its_sibling(self):
        """The compressed one is another file, and changes by itself."""
        self.write("a.css", OLD * 50)
        self.write("a.css.gz", gzip.compress(OLD * 50))

        def get(client):
            client.request("GET", "/a.css", headers={"Accept-Encoding": "gzip"})
            response = client.getresponse()
            content = response.read()
            if response.headers["Content-Encoding"] == "gzip":
                content = gzip.decompress(content)
            return content

        for client in self.clients * 3:
            self.assertEqual(get(client), OLD * 50)
        replace(self.root / "a.css.gz", gzip.compress(NEW * 50))
        replace(self.root / "a.css", NEW * 50)
        changed = time.monotonic()
        for client in self.clients:
            while True:
                asked = time.monotonic()
                if get(client) == NEW * 50:
                    break
                self.assertLessEqual(asked - changed, TRUSTED)


class UnderAReader(ServerTest):
    """What becomes of a file while it is being sent."""
    ports = ("http",)
    SIZE = 64 << 20

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="portico-root-")))
        cls.config_extra = f'[http]\nroot = "{cls.root}"\n'
        super().setUpClass()

    def begin(self, name):
        """Asks for a file and reads its head; the rest is more than sockets take."""
        block = random.Random(6).randbytes(1 << 20)
        content = block * (self.SIZE >> 20)
        (self.root / name).write_bytes(content)
        peer = self.enterContext(socket.create_connection(("127.0.0.1", self.server.http), talk.SECONDS))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        peer.sendall(f"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        reader = peer.makefile("rb")
        while (line := reader.readline()) != b"\r\n":
            if line.startswith(b"Content-Length:"):
                self.assertEqual(int(line.split()[1]), self.SIZE)
        return reader, content

    def test_a_replaced_file_is_read_to_its_end(self):
        reader, content = self.begin("replaced")
        replace(self.root / "replaced", NEW)
        self.assertTrue(reader.read(self.SIZE) == content)
        client = http.client.HTTPConnection("127.0.0.1", self.server.http, timeout=talk.SECONDS)
        client.request("GET", "/replaced")
        self.assertEqual(client.getresponse().read(), NEW)
        client.close()

    def test_a_removed_file_is_read_to_its_end(self):
        reader, content = self.begin("removed")
        (self.root / "removed").unlink()
        self.assertTrue(reader.read(self.SIZE) == content)

    def test_a_truncated_file_ends_the_connection(self):
        """Nothing is made up for what is no longer there: RFC 9112 section 8 has the client see that."""
        reader, content = self.begin("truncated")
        os.truncate(self.root / "truncated", self.SIZE // 2)
        got = reader.read(self.SIZE)
        self.assertTrue(got == content[:len(got)])
        self.assertLess(len(got), self.SIZE)


if __name__ == "__main__":
    unittest.main()
