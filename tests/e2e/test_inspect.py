"""The request inspector, by curl, Python's http.client and a bare socket."""

import gzip
import html
import http.client
import json
import os
import re
import select
import socket
import time
import urllib.parse
import zlib

import talk
from harness import ServerTest, program, rule, run

MUCH = os.urandom(20 << 20)
BIGGEST = 48 << 20  # max_body here


class Inspector(ServerTest):
    ports = ("inspect",)
    config_extra = ('[inspect]\nmax_body = "48 MiB"\nmax_delay = "500ms"\nmax_bytes = "1 MiB"\n'
                    'max_lines = 20\n')

    def setUp(self):
        super().setUp()
        self.port = self.server.listening[0]
        self.base = f"http://127.0.0.1:{self.port}"

    def curl(self, path, *arguments, **more):
        return run([program("curl"), "--silent", "--show-error", "--noproxy", "*", "--path-as-is",
                    *arguments, self.base + path], **more).stdout.encode(errors="surrogateescape")

    def client(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=talk.SECONDS)
        self.addCleanup(client.close)
        client.connect()
        return client

    def ask(self, method, path, body=None, headers=None, client=None):
        client = client or self.client()
        client.request(method, path, body, headers or {})
        response = client.getresponse()
        return response, response.read()

    def talk(self):
        peer = talk.Talk(self.port, greeting=False)
        self.addCleanup(peer.close)
        return peer

    def test_anything(self):
        told = json.loads(self.curl("/anything/a?b=1&b=2", "--json", '{"c": [3]}',
                                    "--request", "PATCH", "--header", "x-more: yes"))
        self.assertEqual(told["method"], "PATCH")
        self.assertEqual(told["args"], {"b": ["1", "2"]})
        self.assertEqual(told["data"], '{"c": [3]}')
        self.assertEqual(told["json"], {"c": [3]})
        self.assertEqual(told["headers"]["X-More"], "yes")
        self.assertEqual(told["origin"], "127.0.0.1")
        self.assertEqual(told["url"], self.base + "/anything/a?b=1&b=2")
        self.assertEqual((told["form"], told["files"]), ({}, {}))

    def test_it_is_printed_as_httpbin_prints_it(self):
        text = self.curl("/anything").decode()
        self.assertEqual(text, json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n")

    def test_curl_sends_a_form(self):
        (self.folder / "x.txt").write_text("in a file")
        (self.folder / "x.bin").write_bytes(b"\xff\x00")
        told = json.loads(self.curl("/post", "--form", "a=1", "--form", "a=2", "--form",
                                    f"f=@{self.folder}/x.txt", "--form",
                                    f"g=@{self.folder}/x.bin;type=image/x"))
        self.assertEqual(told["form"], {"a": ["1", "2"]})
        self.assertEqual(told["files"], {"f": "in a file", "g": "data:image/x;base64,/wA="})
        told = json.loads(self.curl("/put", "--request", "PUT", "--data-urlencode", "a=x y&z"))
        self.assertEqual(told["form"], {"a": "x y&z"})

    def test_curl_logs_in(self):
        for options, status in (((), "401"), (("--user", "ana:secret"), "200"),
                                (("--anyauth", "--user", "ana:secret"), "200"),
                                (("--user", "ana:wrong"), "401")):
            answer = self.curl("/basic-auth/ana/secret", "--write-out", "%{http_code}", *options)
            self.assertTrue(answer.decode().endswith(status), answer)
        answer = json.loads(self.curl("/bearer", "--oauth2-bearer", "token"))
        self.assertEqual(answer, {"authenticated": True, "token": "token"})

    def test_curl_follows_redirects(self):
        for path, count in (("/redirect/3", "3"), ("/absolute-redirect/2", "2"),
                            ("/redirect-to?url=/get", "1"), ("/status/302", "2")):
            answer = self.curl(path, "--location", "--write-out", "%{num_redirects}")
            told, _, redirects = answer.decode().rpartition("\n")
            self.assertEqual(redirects, count)
            self.assertEqual(json.loads(told)["url"], self.base + "/get")

    def test_curl_keeps_cookies(self):
        answers = self.curl("/cookies/set/c/3", "--location", "--cookie", "",
                            self.base + "/cookies/set?a=1&b=2",
                            self.base + "/cookies/delete?a").decode()
        told = [json.loads(text)["cookies"] for text in answers.replace("}\n{", "}\0{").split("\0")]
        self.assertEqual(told, [{"a": "1", "b": "2"}, {"b": "2"}, {"b": "2", "c": "3"}])

    def test_curl_decompresses(self):
        for path, word in (("/gzip", "gzipped"), ("/deflate", "deflated")):
            self.assertTrue(json.loads(self.curl(path, "--compressed"))[word])
        self.assertTrue(json.loads(gzip.decompress(self.ask("GET", "/gzip")[1]))["gzipped"])
        self.assertTrue(json.loads(zlib.decompress(self.ask("GET", "/deflate")[1]))["deflated"])

    def test_status(self):
        client = self.client()
        for status in (200, 204, 205, 206, 304, 404, 418, 500, 599):
            response, content = self.ask("POST", f"/status/{status}", client=client)
            self.assertEqual((response.status, content), (status, b""))
        response, content = self.ask("GET", "/status/101", client=client)
        self.assertEqual(response.status, 400)
        self.assertEqual(content.count(b"\n"), 1)

    def test_delay(self):
        for path, least in (("/delay/0.2", 0.2), ("/delay/99999", 0.5)):  # cut to max_delay
            begin = time.monotonic()
            response, content = self.ask("POST", path, b"data")
            self.assertGreaterEqual(time.monotonic() - begin, least)
            self.assertEqual((response.status, json.loads(content)["data"]), (200, "data"))
        self.assertEqual(self.ask("GET", "/delay/soon")[0].status, 400)

    def test_bytes(self):
        response, content = self.ask("GET", "/bytes/100000?seed=7")
        self.assertEqual(response.headers["Content-Length"], "100000")
        self.assertEqual(len(content), 100000)
        self.assertEqual(self.ask("GET", "/bytes/100000?seed=7")[1], content)
        self.assertEqual(self.ask("GET", "/stream-bytes/100000?seed=7&chunk_size=999")[1], content)
        self.assertNotEqual(self.ask("GET", "/bytes/100000")[1], content)
        self.assertEqual(len(self.ask("GET", "/bytes/9999999999")[1]), 1 << 20)  # max_bytes
        self.assertEqual(self.ask("GET", "/bytes/0")[1], b"")
        for bad in ("/bytes/x", "/bytes/1?seed=x", "/stream-bytes/1?chunk_size=0"):
            self.assertEqual(self.ask("GET", bad)[0].status, 400)

    def test_stream(self):
        for count in (0, 3, 20, 1000):
            response, content = self.ask("GET", f"/stream/{count}?a=1")
            self.assertEqual(response.headers["Transfer-Encoding"], "chunked")
            lines = content.decode().splitlines()
            self.assertEqual([json.loads(line)["id"] for line in lines],
                             list(range(min(count, 20))))  # max_lines
        self.assertEqual(self.ask("GET", "/stream/x")[0].status, 400)

    def test_drip(self):
        begin = time.monotonic()
        response, content = self.ask("GET", "/drip?duration=0.3&numbytes=5&code=201")
        self.assertEqual((response.status, content), (201, b"*****"))
        self.assertGreaterEqual(time.monotonic() - begin, 0.23)

    def test_methods(self):
        response, _ = self.ask("DELETE", "/get")
        self.assertEqual((response.status, response.headers["Allow"]), (405, "GET, HEAD, OPTIONS"))
        response, content = self.ask("OPTIONS", "/response-headers")
        self.assertEqual((response.status, response.headers["Allow"], content),
                         (204, "GET, HEAD, OPTIONS, POST", b""))
        self.assertEqual(self.ask("OPTIONS", "*")[0].status, 204)
        self.assertEqual(self.ask("GET", "/nothing")[0].status, 404)
        self.assertEqual(self.ask("GET", "/get%")[0].status, 400)
        self.assertEqual(self.ask("CONNECT", "/anything")[0].status, 501)

    @rule("9110", "9.3.2", "HEAD: what GET has, but for the content")
    def test_everything_keeps_the_connection(self):
        page = self.curl("/").decode()
        examples = [html.unescape(path) for path in re.findall(r'<a href="([^"]+)"', page)]
        self.assertGreater(len(examples), 30)
        client = self.client()
        own = client.sock.getsockname()
        unlike = {"date", "etag", "content-length"}  # of what is random
        for path in ["/", "/nothing", "/status/204", *examples]:
            with self.subTest(path=path):
                got, content = self.ask("GET", path, client=client)
                head, nothing = self.ask("HEAD", path, client=client)
                self.assertLess(got.status, 500)
                self.assertEqual(nothing, b"")
                self.assertEqual(head.status, got.status)
                self.assertEqual([(name, value) for name, value in got.getheaders()
                                  if name.lower() not in unlike],
                                 [(name, value) for name, value in head.getheaders()
                                  if name.lower() not in unlike])
                self.assertEqual("content-length" in got.headers, "content-length" in head.headers)
                self.assertEqual(client.sock.getsockname(), own)

    @rule("9112", "9.3", "content that nobody wanted is read away before the next request")
    def test_unwanted_content(self):
        client = self.client()
        own = client.sock.getsockname()
        for path in ("/get", "/bytes/3", "/status/404", "/", "/nothing", "/stream/2"):
            response, _ = self.ask("GET", path, b"x" * 100_000, client=client)
            self.assertIn(response.status, (200, 404))
            self.assertEqual(client.sock.getsockname(), own)
        peer = self.talk()
        peer.send("GET /get HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nrubbish\r\n")
        self.assertRegex(peer.line(), r"\AHTTP/1\.1 400 ")

    def test_echo(self):
        for method in ("POST", "PUT", "DELETE"):
            response, content = self.ask(method, "/echo", b"\xff\x00", {"Content-Type": "a/b"})
            self.assertEqual((response.status, content), (200, b"\xff\x00"))
            self.assertEqual(response.headers["Content-Type"], "a/b")
        response, content = self.ask("GET", "/echo")
        self.assertEqual((response.status, content), (200, b""))

    def test_curl_echoes_20_mib(self):
        (self.folder / "much").write_bytes(MUCH)
        for framing in ((), ("--header", "Transfer-Encoding: chunked"),
                        ("--header", "Expect: 100-continue")):
            self.curl("/echo", "--data-binary", f"@{self.folder}/much", *framing, "--output",
                      self.folder / "back")
            self.assertTrue((self.folder / "back").read_bytes() == MUCH)

    def test_echo_holds_no_more_than_it_can_send_back(self):
        """Who sends and does not read is stopped by what the sockets hold, far before the end."""
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)
            peer.settimeout(talk.SECONDS)
            peer.connect(("127.0.0.1", self.port))
            peer.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                         b"Content-Length: %d\r\n\r\n" % BIGGEST)
            sent = 0
            piece = memoryview(MUCH)[:1 << 16]
            while sent < BIGGEST and select.select([], [peer], [], 1)[1]:
                sent += peer.send(piece[:BIGGEST - sent])
            self.assertLess(sent, BIGGEST // 2)
            received = bytearray()
            while True:  # now it reads, and the rest goes through
                readable, writable, _ = select.select(
                    [peer], [peer] if sent < BIGGEST else [], [], talk.SECONDS)
                if readable:
                    octets = peer.recv(1 << 20)
                    if not octets:
                        break
                    received += octets
                if writable:
                    sent += peer.send(piece[:BIGGEST - sent])
        self.assertEqual(sent, BIGGEST)
        self.assertTrue(received.endswith(b"\r\n0\r\n\r\n"))
        self.assertGreater(len(received), BIGGEST)

    @rule("9110", "6.5.1", "trailers are sent to a client that says it takes them")
    def test_echo_of_trailers(self):
        for wanted in (True, False):
            peer = self.talk()
            peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                      + ("TE: trailers\r\nConnection: TE, close\r\n" if wanted
                         else "Connection: close\r\n")
                      + "\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\nX-More: a b\r\n\r\n")
            answer = b"".join(iter(lambda: peer.socket.recv(1 << 16), b"")).decode()
            head, body = answer.replace("\r\n", "\n").split("\n\n", 1)
            self.assertTrue(head.startswith("HTTP/1.1 200 OK\n"), head)
            self.assertEqual("".join(re.findall(r"^[a-e]+$", body, re.M)), "abcde")
            end = "0\nX-Sum: 5\nX-More: a b\n\n" if wanted else "0\n\n"
            self.assertTrue(body.endswith(end), body)

    @rule("9110", "10.1.1", "100 Continue once the content is wanted, and not if it is not")
    def test_expect(self):
        head = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        for path in ("/echo", "/post", "/delay/0"):
            peer = self.talk()
            peer.send(head.format(path))
            self.assertEqual(peer.line(), "HTTP/1.1 100 Continue")
            self.assertEqual(peer.line(), "")
            peer.send("abc")
            self.assertEqual(peer.line(), "HTTP/1.1 200 OK")

    def test_too_much_content(self):
        peer = self.talk()
        peer.send(f"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: {BIGGEST + 1}\r\n\r\n")
        self.assertRegex(peer.line(), r"\AHTTP/1\.1 413 ")

    def test_http_1_0(self):
        self.assertEqual(self.curl("/echo", "--http1.0", "--data", "old"), b"old")
        self.assertEqual(len(self.curl("/stream/3", "--http1.0").splitlines()), 3)
        peer = self.talk()
        peer.send("GET /get HTTP/1.0\r\n\r\n")
        self.assertEqual(peer.line(), "HTTP/1.1 200 OK")
        content = b"".join(iter(lambda: peer.socket.recv(1 << 16), b""))
        self.assertIn(b'"url": "http://mx.example.test/get"', bytes(peer._received) + content)

    def test_no_answer_is_split(self):
        for query in ("X=1%0d%0aEvil:1", "%0d%0aEvil=1", "Content-Length=0"):
            self.assertEqual(self.ask("GET", "/response-headers?" + query)[0].status, 400)
        for path in ("/redirect-to?url=", "/cookies/set?a="):
            response, _ = self.ask("GET", path + urllib.parse.quote("x\r\nEvil: 1"))
            self.assertNotIn("Evil", response.headers)

    def test_ranges(self):
        self.assertEqual(self.curl("/range/30", "--range", "25-27"), b"zab")

    def test_events(self):
        self.assertEqual(self.curl("/events/2?interval=0", "--no-buffer").decode().split("\n\n"), [
            'id: 1\nevent: count\ndata: {"event": 1, "of": 2}',
            'id: 2\nevent: count\ndata: {"event": 2, "of": 2}', ""])

    def receive(self, peer, count):
        octets = b""
        while len(octets) < count:
            more = peer.recv(count - len(octets))
            self.assertTrue(more, f"closed after {octets!r}")
            octets += more
        return octets

    def frame(self, first, payload, mask=b"\x01\x02\x03\x04"):
        """As a client writes it (RFC 6455 section 5.2): masked; short enough for one octet of length."""
        masked = bytes(octet ^ mask[i % 4] for i, octet in enumerate(payload))
        return bytes([first, 0x80 | len(payload)]) + mask + masked

    @rule("6455", "4.2.2", "101 with the key's answer opens a WebSocket, over the running server too")
    @rule("6455", "5.5.2", "a ping in the middle of a fragmented message is answered at once")
    def test_websocket(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=talk.SECONDS) as peer:
            # The first frame comes with the request: nothing may be lost behind the head.
            peer.sendall(b"GET /websocket/echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                         b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         b"Sec-WebSocket-Version: 13\r\n\r\n" + self.frame(0x81, b"Hello"))
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.receive(peer, 1)
            self.assertTrue(head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n"), head)
            self.assertIn(b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head)
            self.assertEqual(self.receive(peer, 7), b"\x81\x05Hello")
            peer.sendall(self.frame(0x01, b"to") + self.frame(0x89, b"there?") + self.frame(0x80, b"gether"))
            self.assertEqual(self.receive(peer, 8), b"\x8a\x06there?")
            self.assertEqual(self.receive(peer, 10), b"\x81\x08together")
            peer.sendall(self.frame(0x88, b"\x03\xe8bye"))
            self.assertEqual(self.receive(peer, 4), b"\x88\x02\x03\xe8")
            self.assertEqual(peer.recv(1), b"")

    def test_no_websocket(self):
        response, _ = self.ask("GET", "/websocket/echo")
        self.assertEqual((response.status, response.headers["Upgrade"]), (426, "websocket"))
