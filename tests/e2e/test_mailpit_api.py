"""The console answers Mailpit's API: to its clients, to raw bytes, to hostile mail, and to all of a corpus."""

import base64
import http.client
import json
import os
import pathlib
import re
import smtplib
import socket
import struct
import tempfile
import unittest
import urllib.parse

import clients
import harness
from chromium import Chromium

CORPUS = pathlib.Path(os.environ.get("PORTICO_CORPUS", harness.ROOT / "../shared/corpus")).resolve()


class Api:
    def __init__(self, port):
        self.port = port

    def ask(self, path, method="GET", content=None, **fields):
        """Status, fields and octets of one answer."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request(method, path, body=content,
                           headers={name.replace("_", "-"): value for name, value in fields.items()})
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            client.close()

    def json(self, path, method="GET", content=None):
        status, fields, octets = self.ask(path, method, content and json.dumps(content))
        assert (status, fields["Content-Type"]) == (200, "application/json"), (status, path, octets[:200])
        return json.loads(octets)

    def ok(self, path, method, content=None):
        answer = self.ask(path, method, json.dumps(content) if content is not None else None)
        assert (answer[0], answer[1]["Content-Type"], answer[2]) == (200, "text/plain", b"ok"), answer

    def raw(self, octets):
        """What the server says to `octets` up to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as peer:
            peer.sendall(octets)
            return b"".join(iter(lambda: peer.recv(65536), b""))

    def search(self, query, **more):
        return self.json("/api/v1/search?" + urllib.parse.urlencode({"query": query, **more}))


class ApiTest(harness.ServerTest):
    ports = ("smtp", "console")
    config_extra = '\n[mail]\nmax_message_size = "60 MiB"\n'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.smtp, cls.console = cls.server.listening
        cls.api = Api(cls.console)

    def setUp(self):
        super().setUp()
        self.api.ok("/api/v1/messages", "DELETE")

    def send(self, source, to=None, sender="ana@example.net"):
        """Its identity, from SMTP's last word."""
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=60) as session:
            session.ehlo("client.example.net")
            session.mail(sender)
            for recipient in to or [self.mailbox]:
                session.rcpt(recipient)
            code, text = session.data(source)
        assert code == 250, (code, text)
        return re.fullmatch(r"2\.0\.0 Ok: queued as ([0-9A-Za-z]{22})", text.decode())[1]


class Clients(ApiTest):
    def test_every_method_of_mailpit_api_and_cypress_mailpit(self):
        os.environ["PORTICO_NPM"] = str(clients.node_modules())
        ask = {"base": f"http://127.0.0.1:{self.console}", "smtp": self.smtp}
        script = pathlib.Path(__file__).parent / "mailpit_clients.cjs"
        done = harness.run([harness.program("node"), script], input=json.dumps(ask))
        self.assertEqual(done.stdout, "all of it\n")


class Documents(ApiTest):
    def test_an_answer_has_just_these_keys(self):
        self.send(b"Subject: one\r\nX-Tags: a\r\n\r\nbody\r\n")
        listed = self.api.json("/api/v1/messages")
        self.assertEqual(set(listed), {"total", "unread", "count", "messages_count", "messages_unread", "start",
                                       "tags", "messages"})
        self.assertEqual(listed["tags"], ["a"])
        entry, = listed["messages"]
        common = {"ID", "MessageID", "From", "To", "Cc", "Bcc", "ReplyTo", "Subject", "Username", "Tags", "Size",
                  "Attachments"}
        self.assertEqual(set(entry), common | {"Read", "Created", "Snippet"})
        self.assertEqual(entry["MessageID"], entry["ID"] + "@mx.example.test")
        self.assertEqual(entry["Bcc"], [{"Name": "", "Address": self.mailbox}])
        self.assertRegex(entry["Created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$")
        message = self.api.json("/api/v1/message/latest")
        self.assertEqual(set(message), common | {"ReturnPath", "ListUnsubscribe", "Date", "Text", "HTML", "Inline"})
        source = self.api.ask(f"/api/v1/message/{entry['ID']}/raw")[2]
        self.assertEqual(len(source), message["Size"])
        self.assertTrue(source.startswith(b"Return-Path: <ana@example.net>\r\nReceived: from client.example.net"))
        self.assertTrue(source.endswith(b"Subject: one\r\nX-Tags: a\r\n\r\nbody\r\n"))
        self.assertNotIn(b"Bcc", source)

    def test_what_marks_as_read(self):
        source = b"Content-Type: text/html\r\n\r\n<p>x</p>\r\n"
        for path, marks in (("/api/v1/message/{}", True), ("/view/{}.html", True), ("/view/{}.txt", True),
                            ("/view/{}", True), ("/api/v1/message/{}/headers", False),
                            ("/api/v1/message/{}/raw", False), ("/api/v1/message/{}/part/0", False)):
            number = self.send(source)
            self.assertEqual(self.api.ask(path.format(number))[0], 200, path)
            entry = self.api.json("/api/v1/messages?limit=1")["messages"][0]
            self.assertEqual((entry["ID"], entry["Read"]), (number, marks), path)

    def test_latest(self):
        for path in ("/api/v1/message/latest", "/api/v1/message/latest/headers", "/view/latest.txt"):
            status, fields, octets = self.api.ask(path)
            self.assertEqual((status, octets), (404, b"Message not found"), path)
            self.assertTrue(fields["Content-Type"].startswith("text/plain"))
        self.assertEqual(self.api.ask("/view/latest")[1]["Location"], "/")
        first = self.send(b"Subject: first\r\n\r\n")
        second = self.send(b"Subject: second\r\n\r\n")
        self.assertEqual(self.api.json("/api/v1/message/latest")["ID"], second)
        self.assertEqual(self.api.json("/api/v1/message/latest?query=subject:first")["ID"], first)
        status, fields, _ = self.api.ask("/view/latest?query=subject:first")
        self.assertEqual((status, fields["Location"]), (302, "/view/" + first))
        self.assertIn(b"first", self.api.ask("/view/" + first)[2])

    def test_views(self):
        number = self.send(b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
                           b'<body><a href="http://x.test/">x</a><img src="cid:LOGO@x"><script>alert(1)</script></body>\r\n'
                           b"--b\r\nContent-Type: image/svg+xml\r\nContent-ID: <logo@x>\r\n\r\n<svg/>\r\n--b--\r\n")
        status, fields, octets = self.api.ask(f"/view/{number}.html")
        self.assertEqual((status, fields["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertRegex(fields["Content-Security-Policy"], r"^sandbox (?!.*allow-(scripts|same-origin))")
        part = f"/api/v1/message/{number}/part/2"
        self.assertIn(f'src="{part}"'.encode(), octets)
        status, fields, octets = self.api.ask(f"/view/{number}.html?embed=1")
        self.assertIn(b'target="_blank" rel="noreferrer noopener"', octets)
        self.assertNotIn("allow-same-origin", fields["Content-Security-Policy"])
        status, fields, octets = self.api.ask(part)
        self.assertEqual((fields["Content-Type"], octets), ("image/svg+xml", b"<svg/>"))
        self.assertEqual(fields["Content-Security-Policy"], "sandbox; default-src 'none'")
        self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
        # The view's sandbox has no origin: its pictures come from nowhere, as the browser sees it.
        elsewhere = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
        self.assertEqual(self.api.ask(part, Sec_Fetch_Dest="image", **elsewhere)[0], 200)
        for path, kind in ((part, "script"), (f"/api/v1/message/latest/part/2", "image"), ("/api/v1/messages", "image")):
            self.assertEqual(self.api.ask(path, Sec_Fetch_Dest=kind, **elsewhere)[0], 403, path)
        self.assertEqual(self.api.ask("/view/" + self.send(b"Subject: x\r\n\r\ntext\r\n") + ".html")[0], 404)

    def test_the_application(self):
        self.assertRegex(self.api.json("/api/v1/info")["Version"], r"^v\d")
        before = self.api.json("/api/v1/info")["RuntimeStats"]["SMTPAccepted"]
        self.send(b"X-Tags: blue\r\n\r\n")
        info = self.api.json("/api/v1/info")
        self.assertEqual((info["Messages"], info["Unread"], info["Tags"]), (1, 1, {"blue": 1}))
        harness.wait_until(lambda: self.api.json("/api/v1/info")["RuntimeStats"]["SMTPAccepted"] == before + 1,
                           "the message is counted")
        metrics = self.api.ask("/metrics")[2].decode()
        for line in ("mailpit_messages 1", 'mailpit_tag_messages{tag="blue"} 1', "mailpit_messages_unread 1"):
            self.assertIn(line, metrics.splitlines())
        self.assertFalse(self.api.json("/api/v1/webui")["MessageRelay"]["Enabled"])
        swagger = self.api.json("/api/v1/swagger.json")
        self.assertEqual(swagger["swagger"], "2.0")
        for path, methods in swagger["paths"].items():
            for method in methods:
                status = self.api.ask(path.replace("{ID}", "0" * 22).replace("{PartID}", "0").replace("{Tag}", "none"),
                                      method.upper(), "{" if method != "get" else None)[0]
                self.assertIn(status, (200, 400, 404), (method, path))

    def test_what_is_not_there(self):
        for path in ("/api/v1/x", "/api/v1/messages/", "/api/v1/message/x", "/view/x.html", "/api/v1/message/" + "0" * 22,
                     "/api/v1/message/" + "z" * 22 + "/raw"):
            status, fields, _ = self.api.ask(path)
            self.assertEqual((status, fields["Content-Type"].split(";")[0]), (404, "text/plain"), path)
        status, fields, _ = self.api.ask("/api/v1/info", "POST")
        self.assertEqual(status, 405)
        self.assertIn("GET", fields["Allow"])
        self.assertEqual(self.api.ask("/api/v1/messages", "OPTIONS")[::2], (200, b""))
        for path in ("/api/v1/search", "/api/v1/search?query=%20"):
            self.assertEqual(self.api.ask(path)[0], 400)
            self.assertEqual(self.api.ask(path, "DELETE")[0], 400)
        head = self.api.ask("/api/v1/messages", "HEAD")
        self.assertEqual((head[0], head[2]), (200, b""))

    def test_marks_outlive_a_restart(self):
        with harness.Portico(ports=("smtp", "console")) as server:
            api = Api(server.listening[1])
            with smtplib.SMTP("127.0.0.1", server.listening[0]) as session:
                session.sendmail("a@example.net", ["b@example.test", "c@example.test"], "X-Tags: own\r\n\r\n")
            number = api.json("/api/v1/messages")["messages"][0]["ID"]
            api.ok("/api/v1/tags", "PUT", {"IDs": [number], "Tags": ["set"]})
            api.json("/api/v1/message/" + number)
            server.kill()
            server.start()
            api = Api(server.listening[1])
            entry, = api.json("/api/v1/messages")["messages"]
            self.assertEqual((entry["ID"], entry["Read"], entry["Tags"]), (number, True, ["set"]))

    def test_a_body_that_is_too_large_changes_nothing(self):
        self.send(b"Subject: stays\r\n\r\n")
        status = self.api.ask("/api/v1/messages", "DELETE", b" " * 6_000_000)[0]
        self.assertEqual(status, 413)
        self.assertEqual(self.api.json("/api/v1/messages")["total"], 1)

    def test_a_large_message_by_http(self):
        octets = os.urandom(20 << 20)
        number = self.api.json("/api/v1/send", "POST", {
            "From": {"Email": "a@example.net"}, "To": [{"Email": self.mailbox}],
            "Attachments": [{"Content": base64.b64encode(octets).decode(), "Filename": "a.bin"}]})["ID"]
        self.assertEqual(self.api.ask(f"/api/v1/message/{number}/part/2")[2], octets)
        source = self.api.ask(f"/api/v1/message/{number}/raw")[2]
        self.assertEqual(len(source), self.api.json("/api/v1/messages")["messages"][0]["Size"])
        status, _, why = self.api.ask("/api/v1/send", "POST", b"no JSON")
        self.assertEqual((status, list(json.loads(why))), (400, ["Error"]))


class InABrowser(unittest.TestCase):
    def test_a_view_shows_its_pictures_and_runs_nothing_of_the_mail(self):
        source = (b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
                  b'<body><p id=told></p><img src="cid:x" onload="told.innerText=\'by onload\'">'
                  b"<script>told.innerText='by script'</script><a href=/>away</a></body>\r\n"
                  b"--b\r\nContent-Type: image/gif\r\nContent-ID: <x>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                  b"R0lGODlhAQABAAAAACwAAAAAAQABAAACADs=\r\n--b--\r\n")
        with tempfile.TemporaryDirectory() as home, \
                harness.Portico('\n[console]\naccess_log = "access.log"\n', ports=("console",)) as server:
            server.command("send", "ana@example.test", input=source)
            port, = server.listening
            browser = Chromium(home)
            for path in ("/view/latest.html", "/view/latest.html?embed=1"):
                page = browser.dom(f"http://127.0.0.1:{port}{path}")
                self.assertIn("away", page)
                self.assertNotIn(">by ", page)
            server.stop()
            log = (server.folder / "access.log").read_text()
            pictures = re.findall(r'"GET /api/v1/message/\w{22}/part/2 HTTP/1.1" (\d+)', log)
            self.assertEqual(pictures, ["200", "200"], log)


class LongLists(ApiTest):
    def test_a_list_of_all(self):
        mbox = self.folder / "many.mbox"
        mbox.write_bytes(b"".join(b"From a@example.net Sun Nov 22 22:32:54 2026\nFrom: a@example.net\nSubject: number %d\n"
                                  b"Message-ID: <%d@x.test>\n\nbody\n\n" % (number, number) for number in range(2300)))
        self.server.command("store", "import", "--mailbox", self.mailbox, str(mbox))
        for path in ("/api/v1/messages?limit=0&start=7", "/api/v1/messages?limit=99999", "/api/v1/search?query=number&limit=9999"):
            listed = self.api.json(path)
            self.assertEqual((listed["count"], listed["messages_count"], listed["total"]), (2300, 2300, 2300), path)
            self.assertEqual(len({entry["ID"] for entry in listed["messages"]}), 2300)
        part = self.api.json("/api/v1/messages?start=1000&limit=1100")
        self.assertEqual((part["count"], part["start"]), (1100, 1000))
        self.assertEqual([entry["ID"] for entry in part["messages"]],
                         [entry["ID"] for entry in listed["messages"]][1000:2100])
        self.assertEqual(self.api.search("number", limit=0)["count"], 0)
        self.assertEqual(self.api.search("number", limit=0)["messages_count"], 2300)
        self.api.ok("/api/v1/messages", "PUT", {"Search": "number", "Read": True})
        self.assertEqual(self.api.json("/api/v1/messages?limit=1")["unread"], 0)
        self.api.ok("/api/v1/search?query=number", "DELETE")
        self.assertEqual(self.api.json("/api/v1/messages")["total"], 0)


class RawBytes(ApiTest):
    H2C = b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"

    def request(self, line, fields=b"Connection: close\r\n", content=b""):
        answer = self.api.raw(line + b" HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n" + content)
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b"\r\nDate: ", head)
        return head.split(b"\r\n")[0], body

    def total(self):
        return self.api.json("/api/v1/messages")["total"]

    def test_an_offer_of_h2c_is_not_taken(self):
        keep = self.send(b"Subject: x\r\n\r\n")
        number = self.send(b"Subject: y\r\n\r\n")
        line, _ = self.request(b"GET /api/v1/messages", self.H2C + b"Content-Length: 0\r\n")
        self.assertEqual(line, b"HTTP/1.1 200 OK")
        content = b'{"ids":["%s"]}' % number.encode()
        line, body = self.request(b"DELETE /api/v1/messages", self.H2C + b"Content-Length: %d\r\n" % len(content), content)
        self.assertEqual((line, body), (b"HTTP/1.1 200 OK", b"ok"))
        self.assertEqual(self.api.json("/api/v1/message/latest")["ID"], keep)

    def test_doubled_slashes(self):
        keep = self.send(b"Subject: x\r\n\r\ntext\r\n")
        number = self.send(b"Subject: y\r\n\r\n")
        self.assertEqual(self.request(b"GET //view//%s.txt" % keep.encode())[0], b"HTTP/1.1 200 OK")
        content = b'{"IDs":["%s"]}' % number.encode()
        line, body = self.request(b"DELETE //api//v1/messages",
                                  b"Connection: close\r\nContent-Length: %d\r\n" % len(content), content)
        self.assertEqual((line, body, self.total()), (b"HTTP/1.1 200 OK", b"ok", 1))

    def test_every_way_to_delete_all(self):
        form = b"Connection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        for fields, content in ((b"Connection: close\r\n", b""), (form + b"Content-Length: 7\r\n", b"IDs=abc"),
                                (b"Connection: close\r\nContent-Length: 0\r\n", b""),
                                (b"Connection: close\r\nContent-Length: 10\r\n", b'{"IDs":[]}'),
                                (b"Connection: close\r\nTransfer-Encoding: chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
                                (b"Connection: close\r\nContent-Length: 4\r\n", b"null")):
            self.send(b"Subject: x\r\n\r\n")
            line, body = self.request(b"DELETE /api/v1/messages", fields, content)
            self.assertEqual((line, body, self.total()), (b"HTTP/1.1 200 OK", b"ok", 0), (fields, content))

    def test_a_form_marks_nothing(self):
        self.send(b"Subject: x\r\n\r\n")
        line, _ = self.request(b"PUT /api/v1/messages", b"Connection: close\r\nContent-Length: 9\r\n", b"Read=true")
        self.assertTrue(line.startswith(b"HTTP/1.1 400 "))
        self.assertEqual(self.api.json("/api/v1/messages")["unread"], 1)


class Events(ApiTest):
    def listen(self):
        peer = socket.create_connection(("127.0.0.1", self.console), timeout=30)
        self.addCleanup(peer.close)
        peer.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        stream = peer.makefile("rb")
        self.addCleanup(stream.close)
        self.assertTrue(stream.readline().startswith(b"HTTP/1.1 101 "))
        while stream.readline() != b"\r\n":
            pass
        return stream

    @staticmethod
    def frame(stream):
        first, length = stream.read(2)
        assert first == 0x81, first  # text, whole
        if length == 126:
            length, = struct.unpack(">H", stream.read(2))
        elif length == 127:
            length, = struct.unpack(">Q", stream.read(8))
        return json.loads(stream.read(length))

    def until(self, stream, kind):
        """The next event but `stats`; those come when they will."""
        while True:
            event = self.frame(stream)
            if event["Type"] == kind or event["Type"] != "stats":
                self.assertEqual(event["Type"], kind)
                return event["Data"]

    def test_what_happens_is_told(self):
        stream = self.listen()
        self.assertEqual(set(self.until(stream, "stats")), {"Total", "Unread", "Version"})
        number = self.send(b"Subject: told\r\n\r\n")
        entry = self.until(stream, "new")
        self.assertEqual(entry, self.api.json("/api/v1/messages")["messages"][0])
        self.assertEqual(self.until(stream, "stats")["Total"], 1)
        self.api.json("/api/v1/message/" + number)
        self.assertEqual(self.until(stream, "update"), {"ID": number, "Read": True})
        self.api.ok("/api/v1/tags", "PUT", {"IDs": [number], "Tags": ["b", "A"]})
        self.assertEqual(self.until(stream, "update"), {"ID": number, "Tags": ["A", "b"]})
        self.api.ok("/api/v1/messages", "DELETE", {"IDs": [number]})
        self.assertEqual(self.until(stream, "delete"), {"ID": number})
        self.send(b"Subject: all\r\n\r\n")
        self.until(stream, "new")
        self.api.ok("/api/v1/messages", "DELETE")
        self.assertIsNone(self.until(stream, "truncate"))

    def test_pages_of_others_hear_nothing(self):
        status = self.api.ask("/api/events", Upgrade="websocket", Connection="Upgrade", Origin="http://evil.example",
                              Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", Sec_WebSocket_Version="13")[0]
        self.assertEqual(status, 403)


class AllOfIt(ApiTest):
    """Whatever the mail, it is answered."""

    def read_whole(self, number, name):
        paths = ["/api/v1/message/" + number, f"/api/v1/message/{number}/headers", f"/api/v1/message/{number}/raw",
                 f"/view/{number}.html", f"/view/{number}.html?embed=1", f"/view/{number}.txt", f"/view/{number}"]
        for path in paths:
            status, _, octets = self.api.ask(path)
            self.assertIn(status, (200, 404) if ".html" in path else (200,), (name, path))
            if path == paths[0]:
                message = json.loads(octets)
        parts = message["Inline"] + message["Attachments"]
        for part in parts[:50]:
            path = f"/api/v1/message/{number}/part/{part['PartID']}"
            status, _, octets = self.api.ask(path)
            self.assertEqual((status, len(octets)), (200, part["Size"]), (name, path))
            self.assertEqual(self.api.ask(path + "/thumb")[0], 200)
        return message

    def test_hostile_mail(self):
        boundary = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"
        nested = b"".join(boundary % (b"b%d" % level) + b"--b%d\r\n" % level for level in range(1000)) + b"\r\nend\r\n"
        hostile = {
            "10,000 parts": boundary % b"b" + b"--b\r\nContent-ID: <x>\r\n\r\ny\r\n" * 10_000 + b"--b--\r\n",
            "1,000 deep": nested,
            "controls": b"Subject: a\x00b\x1b[2J\x07\x7f\r\nFrom: \x01\x02 <a\x00@b>\r\nX-\x01: y\r\nTo: \"\r\n\r\n\x00\x01",
            "charsets": b"Content-Type: text/plain; charset=nonsense\r\nSubject: =?x?q?=ff?= =?utf-8?b?/w==?= \xff\xfe\r\n\r\n\xff\xfe\r\n",
            "utf-16": b"Content-Type: text/html; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n2ADYAA==\r\n",
            "script": b"Content-Type: text/html\r\n\r\n<script>fetch('/api/v1/messages',{method:'DELETE'})</script>\r\n",
            "svg": b"Content-Type: image/svg+xml; name=\"a\\\"\r\n b.svg\"\r\n\r\n<svg onload='alert(1)'/>\r\n",
            "type": b"Content-Type: text/html\x0b<script>/x; name=x\r\nContent-Disposition: attachment\r\n\r\nx\r\n",
            "tags open": b"Content-Type: text/html\r\n\r\n" + b"<a " * 100_000 + b"\r\n",
            "nothing": b"",
        }
        for name, source in hostile.items():
            with self.subTest(name):
                number = self.send(source)
                self.read_whole(number, name)
                listed = self.api.json("/api/v1/messages?limit=1")["messages"]
                self.assertEqual(listed[0]["ID"], number)
        self.assertEqual(self.api.search("to:" + self.mailbox)["messages_count"], 0)  # in no To field
        self.assertEqual(self.api.search("addressed:" + self.mailbox)["messages_count"], len(hostile))

    @unittest.skipUnless(CORPUS.is_dir(), f"no corpus at {CORPUS} (PORTICO_CORPUS names another)")
    def test_all_of_the_corpus(self):
        files = list(CORPUS.rglob("*.eml"))
        self.server.command("store", "import", "--mailbox", self.mailbox, str(CORPUS))
        listed = self.api.json("/api/v1/messages?limit=0")
        self.assertGreater(listed["count"], len(files) // 2)  # some are there twice
        for entry in listed["messages"]:
            message = self.read_whole(entry["ID"], entry["Subject"])
            self.assertEqual(message["Subject"], entry["Subject"])
            self.assertEqual(len(message["Attachments"]), entry["Attachments"])
            word = re.search(r"\w+", entry["Subject"])
            if word:
                found = self.api.search(f'subject:"{word[0]}"', limit=10_000)["messages"]
                self.assertIn(entry["ID"], [hit["ID"] for hit in found], entry["Subject"])


if __name__ == "__main__":
    unittest.main()
