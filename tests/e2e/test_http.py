"""HTTP from a folder, by curl, Python's http.client and a bare socket."""

import email.utils
import gzip
import http.client
import io
import os
import pathlib
import socket
import tempfile

import talk
from harness import ServerTest, program, run

INDEX = b"<!doctype html><title>front</title>\n"
BIG = os.urandom(3 << 20)


class Files(ServerTest):
    @classmethod
    def setUpClass(cls):
        above = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="portico-root-")))
        root = above / "root"
        (root / "folder").mkdir(parents=True)
        (root / "index.html").write_bytes(INDEX)
        (root / "big.bin").write_bytes(BIG)
        (root / "notes.txt").write_text("0123456789")
        (root / "folder/page.html").write_text("a page")
        (root / "sp ace ü.txt").write_text("named")
        (above / "secret.txt").write_text("SECRET")
        (root / "way-out").symlink_to(above / "secret.txt")
        cls.root = root
        cls.config_extra = f'[http]\nroot = "{root}"\n'
        super().setUpClass()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.server.http}/{path}"

    def curl(self, *arguments):
        return run([program("curl"), "--silent", "--show-error", "--noproxy", "*",
                    "--path-as-is", *arguments]).stdout.encode(errors="surrogateescape")

    def status(self, path, *arguments):
        return int(self.curl("--output", "/dev/null", "--write-out", "%{http_code}",
                             *arguments, self.url(path)))

    def test_curl_index(self):
        self.assertEqual(self.curl(self.url()), INDEX)

    def test_curl_binary_file(self):
        self.assertEqual(self.curl(self.url("big.bin")), BIG)

    def test_curl_keep_alive(self):
        connects = self.curl("--write-out", " %{num_connects}\n", self.url("notes.txt"),
                             self.url("notes.txt"), self.url("notes.txt"))
        self.assertEqual(connects, b"0123456789 1\n0123456789 0\n0123456789 0\n")

    def test_curl_head(self):
        head = self.curl("--head", self.url("big.bin")).decode()
        self.assertTrue(head.startswith("HTTP/1.1 200 OK\r\n"), head)
        fields = email.message_from_string(head.partition("\r\n")[2])
        self.assertEqual(int(fields["Content-Length"]), len(BIG))
        for name in ("Date", "Last-Modified"):
            self.assertIsNotNone(email.utils.parsedate_to_datetime(fields[name]))

    def test_curl_range(self):  # RFC 9110 section 14.2
        for asked, content, code in (("2-4", b"234", 206), ("-3", b"789", 206),
                                     ("8-", b"89", 206), ("20-", b"416 Range", 416)):
            answer = self.curl("--range", asked, "--write-out", " %{http_code}",
                               self.url("notes.txt"))
            self.assertTrue(answer.startswith(content), answer)
            self.assertTrue(answer.endswith(f" {code}".encode()), answer)

    def test_several_ranges(self):  # RFC 9110 section 14.6, as Python's mail parser reads it
        client = http.client.HTTPConnection("127.0.0.1", self.server.http, timeout=talk.SECONDS)
        for _ in range(2):
            client.request("GET", "/big.bin", headers={"Range": "bytes=0-99,1000000-1999999,-5"})
            response = client.getresponse()
            self.assertEqual(response.status, 206)
            message = email.message_from_bytes(
                b"Content-Type: " + response.headers["Content-Type"].encode() + b"\r\n\r\n"
                + response.read())
            self.assertEqual(
                [(part["Content-Range"], part.get_payload(decode=True))
                 for part in message.get_payload()],
                [(f"bytes {first}-{last}/{len(BIG)}", BIG[first:last + 1])
                 for first, last in ((0, 99), (1000000, 1999999), (len(BIG) - 5, len(BIG) - 1))])
        client.close()

    def test_curl_time_condition(self):  # RFC 9110 section 13.1.3, and the entity-tag's
        with tempfile.TemporaryDirectory() as folder:
            to = ["--output", f"{folder}/x", "--write-out", "%{http_code}"]
            tag = ["--etag-save", f"{folder}/tag", "--etag-compare", f"{folder}/tag"]
            pathlib.Path(folder, "tag").touch()
            self.assertEqual(self.curl(*to, *tag, self.url("notes.txt")), b"200")
            self.assertEqual(self.curl(*to, *tag, self.url("notes.txt")), b"304")
            self.assertEqual(self.curl(*to, "--remote-time", self.url("notes.txt")), b"200")
            self.assertEqual(self.curl(*to, "--time-cond", f"{folder}/x", self.url("notes.txt")),
                             b"304")

    def test_curl_takes_a_precompressed_file(self):  # RFC 9110 section 12.5.3
        text = b"body { margin: 0 }\n"
        folder = self.root / "folder"
        (folder / "a.css").write_bytes(text)
        (folder / "a.css.gz").write_bytes(gzip.compress(text))
        url = self.url("folder/a.css")
        self.assertEqual(self.curl(url), text)
        self.assertEqual(self.curl("--compressed", url), text)
        self.assertIn("Content-Encoding: gzip\r\n",
                      self.curl("--head", "--compressed", url).decode())

    def test_curl_http_1_0(self):
        self.assertEqual(self.curl("--http1.0", self.url("notes.txt")), b"0123456789")

    def test_names_that_need_encoding(self):
        self.assertEqual(self.curl(self.url("sp%20ace%20%c3%bc.txt")), b"named")

    def test_types(self):
        for path, kind in (("", "text/html"), ("notes.txt", "text/plain"),
                           ("big.bin", "application/octet-stream")):
            self.assertIn(kind, self.curl("--head", self.url(path)).decode())

    def test_statuses(self):
        self.assertEqual(self.status("no-such-file"), 404)
        self.assertEqual(self.status("notes.txt", "--request", "DELETE"), 405)
        self.assertEqual(self.status("x" * 20_000), 414)
        self.assertEqual(self.status("", "--header", "X: " + "y" * 50_000), 431)

    def test_no_path_escapes_the_root(self):
        for path in ("../secret.txt", "folder/../../secret.txt", "%2e%2e/secret.txt",
                     "..%2fsecret.txt", "folder/%2e%2e/%2e%2e/secret.txt", "way-out"):
            with self.subTest(path=path):
                self.assertNotIn(b"SECRET", self.curl(self.url(path)))
                self.assertIn(self.status(path), (400, 403, 404))

    def test_http_client_on_one_connection(self):
        client = http.client.HTTPConnection("127.0.0.1", self.server.http, timeout=talk.SECONDS)
        client.connect()
        own = client.sock.getsockname()
        for method, path, content in (("GET", "/", INDEX), ("HEAD", "/big.bin", b""),
                                      ("GET", "/big.bin", BIG),
                                      ("GET", "/notes.txt", b"0123456789")):
            client.request(method, path)
            response = client.getresponse()
            self.assertEqual((response.status, response.read()), (200, content))
            self.assertEqual(client.sock.getsockname(), own)
        client.close()

    def test_pipelining(self):
        contents = {"/notes.txt": b"0123456789", "/big.bin": BIG, "/": INDEX,
                    "/folder/page.html": b"a page"}
        paths = [*contents, "/nothing"] * 4
        requests = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths]
        with socket.create_connection(("127.0.0.1", self.server.http), talk.SECONDS) as peer:
            peer.sendall("".join(requests).encode())
            stream = Pipelined(peer.makefile("rb", buffering=0))
            for path in paths:
                response = http.client.HTTPResponse(stream)
                response.begin()
                content = response.read()
                self.assertEqual(response.status, 404 if path == "/nothing" else 200)
                if path in contents:
                    self.assertTrue(content == contents[path], path)

    def test_a_request_in_pieces(self):
        with talk.Talk(self.server.http, greeting=False) as peer:
            for octet in b"GET /notes.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
                peer.send(bytes([octet]))
            self.assertEqual(peer.line(), "HTTP/1.1 200 OK")

    def test_rubbish(self):
        with talk.Talk(self.server.http, greeting=False) as peer:
            peer.send("\x16\x03\x01rubbish\r\n\r\n")
            self.assertRegex(peer.line(), r"\AHTTP/1\.1 400 ")


class Pipelined(io.BufferedReader):
    """One stream for many HTTPResponses: none may close it, or lose what came after itself."""

    def makefile(self, *_):
        return self

    def close(self):
        pass
