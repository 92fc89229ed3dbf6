"""Waiting for mail by HTTP, and mailboxes one by one."""

import http.client
import json
import socket
import subprocess
import time
import urllib.parse

import harness
import talk

ANA, BOB = "ana@example.test", "bob@example.test"


def mail(subject="hello", text="4711"):
    return f"From: Eve <eve@example.org>\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


class Wait(harness.ServerTest):
    ports = ("smtp", "pop3", "http", "console")

    def setUp(self):
        super().setUp()
        self.port = self.server.listening[3]
        while boxes := self.mailboxes():  # the server is all tests'
            for box in boxes:
                self.ask("DELETE", f"/api/v2/mailboxes/{box}/messages")

    def ask(self, method, path, timeout=60, **fields):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            client.request(method, path, headers=fields)
            answer = client.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None
        finally:
            client.close()

    def wait(self, **wish):
        return self.ask("GET", "/api/v2/mail/wait?" + urllib.parse.urlencode(wish))

    def begin(self, **wish):
        """The connection of a request that waits by now."""
        before = self.waiters()
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.addCleanup(peer.close)
        peer.sendall(f"GET /api/v2/mail/wait?{urllib.parse.urlencode(wish)} HTTP/1.1\r\n"
                     "Host: localhost\r\n\r\n".encode())
        harness.wait_until(lambda: self.waiters() == before + 1, "the request waits")
        return peer

    def answer(self, peer):
        answer = http.client.HTTPResponse(peer)
        answer.begin()
        return answer.status, json.loads(answer.read())

    def waiters(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            client.request("GET", "/metrics")
            text = client.getresponse().read().decode()
        finally:
            client.close()
        return next(int(line.split()[-1]) for line in text.splitlines() if line.startswith("portico_mail_waiters "))

    def mailboxes(self):
        return [box["name"] for box in self.ask("GET", "/api/v2/mailboxes")[1]["mailboxes"]]

    def deliver(self, subject="hello", text="4711", to=(ANA,)):
        return talk.deliver(self.server.smtp, mail(subject, text), to=to)

    def test_it_waits_for_what_fits(self):
        peer = self.begin(to="Ana@example.test", subject="code", contains="4711", **{"from": "eve@example.org"})
        self.deliver("code", to=(BOB,))
        self.deliver("other")
        self.deliver("code", "0815")
        id = self.deliver("your code")
        status, found = self.answer(peer)
        self.assertEqual((status, found["id"], found["subject"]), (200, id, "your code"))
        self.assertEqual((found["to"], found["mailboxes"], found["from"]), ([ANA], [ANA], "bo@example.net"))
        harness.wait_until(lambda: self.waiters() == 0, "nobody waits")

    def test_since_finds_what_came_before(self):
        first = self.deliver("one")
        second = self.deliver("two")
        self.assertEqual(self.wait(to=ANA, since=first, timeout=5)[1]["id"], second)
        self.assertEqual(self.wait(to=ANA, since=second, timeout=0)[0], 408)
        self.assertEqual(self.wait(to=ANA, since="2020-01-01T00:00:00Z", timeout=5)[1]["id"], first)
        self.assertEqual(self.wait(to=ANA, since=int(time.time()) + 60, timeout=0)[0], 408)
        self.assertEqual(self.wait(to=ANA, timeout=0)[0], 408, "without it only what comes")
        self.ask("DELETE", f"/api/v2/mailboxes/{ANA}/messages?id={first}")
        self.assertEqual(self.wait(to=ANA, since=first, timeout=5)[1]["id"], second, "removed, but a place still")

    def test_since_after_many(self):
        with talk.smtp(self.server.smtp) as session:
            ids = []
            for number in range(600):
                talk.data(session, mail(f"number {number}"), (ANA,))
                ids.append(talk.queued_id(session.reply()))
        self.assertEqual(self.wait(since=ids[0], subject="number 599", timeout=30)[1]["id"], ids[599])
        self.assertEqual(self.wait(since="2020-01-01", subject="number 0", timeout=30)[1]["id"], ids[0])

    def test_time_is_up(self):
        status, said = self.wait(to="nobody@example.test", timeout="0.05")
        self.assertEqual((status, "error" in said), (408, True))

    def test_wrong_parameters(self):
        for query in ("timeout=x", "timeout=301", "too=ana", "since=yesterday-ish"):
            for path in ("wait", "events"):
                status, said = self.ask("GET", f"/api/v2/mail/{path}?{query}")
                self.assertEqual((status, "error" in said), (400, True), query)
        self.assertEqual(self.ask("GET", "/api/v2/mailboxes?limit=0")[0], 400)
        self.assertEqual(self.ask("GET", f"/api/v2/mailboxes/{ANA}/messages?before=x")[0], 400)
        self.assertEqual(self.ask("DELETE", f"/api/v2/mailboxes/{ANA}/messages?ids=x")[0], 400)

    def test_who_leaves_waits_no_more(self):
        peer = self.begin(to=ANA, timeout=300)
        peer.close()
        harness.wait_until(lambda: self.waiters() == 0, "its place is free")

    def test_what_is_said_while_waiting_is_not_heard(self):
        peer = self.begin(to=ANA)
        peer.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        id = self.deliver()
        answer = http.client.HTTPResponse(peer)
        answer.begin()
        self.assertEqual((json.loads(answer.read())["id"], answer.getheader("Connection")), (id, "close"))

    def test_a_pipelined_request_behind_it(self):
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.addCleanup(peer.close)
        peer.sendall(b"GET /api/v2/mail/wait?timeout=0.05 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                     b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = http.client.HTTPResponse(peer)
        answer.begin()
        self.assertEqual((answer.status, answer.getheader("Connection")), (408, "close"))

    def test_a_connection_goes_on_behind_a_wait(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.addCleanup(client.close)
        for _ in range(3):
            client.request("GET", "/api/v2/mail/wait?timeout=0.01")
            answer = client.getresponse()
            answer.read()
            self.assertEqual((answer.status, answer.getheader("Connection")), (408, None))

    def test_a_thousand_wait_and_each_gets_its_own(self):
        many = 1000
        peers = []
        for number in range(many):
            peer = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.addCleanup(peer.close)
            peer.sendall(f"GET /api/v2/mail/wait?to=box{number}@example.test&timeout=300 HTTP/1.1\r\n"
                         "Host: localhost\r\n\r\n".encode())
            peers.append(peer)
        harness.wait_until(lambda: self.waiters() == many, "all wait")
        with talk.smtp(self.server.smtp) as session:
            sent = {}
            for number in reversed(range(many)):
                talk.data(session, mail(), (f"box{number}@example.test",))
                sent[number] = talk.queued_id(session.reply())
        for number, peer in enumerate(peers):
            status, found = self.answer(peer)
            self.assertEqual((status, found["id"]), (200, sent[number]))
        harness.wait_until(lambda: self.waiters() == 0, "nobody waits")

    def test_events_by_curl(self):
        curl = harness.program("curl")
        first = self.deliver("one")
        with subprocess.Popen([curl, "-sN", "--max-time", "60", f"http://127.0.0.1:{self.port}/api/v2/mail/events?to={ANA}",
                               "-H", "Last-Event-ID: " + first], stdout=subprocess.PIPE, text=True) as process:
            try:
                ids = [self.deliver("two")]
                self.deliver("not for ana", to=(BOB,))
                ids.append(self.deliver("three"))
                told = []
                for line in process.stdout:
                    if line.startswith("data: "):
                        told.append(json.loads(line[6:]))
                    if len(told) == 2:
                        break
                self.assertEqual([one["id"] for one in told], ids)
                self.assertEqual([one["subject"] for one in told], ["two", "three"])
            finally:
                process.kill()
        harness.wait_until(lambda: self.waiters() == 0, "the client has left")

    def test_mailboxes_are_apart(self):
        both = self.deliver("both", to=(ANA, BOB))
        only = self.deliver("only")
        boxes = self.ask("GET", "/api/v2/mailboxes")[1]["mailboxes"]
        self.assertEqual([(box["name"], box["messages"]) for box in boxes], [(ANA, 2), (BOB, 1)])
        self.assertEqual(self.ask("GET", f"/api/v2/mailboxes?after={ANA}&limit=1")[1]["mailboxes"], boxes[1:])
        path = f"/api/v2/mailboxes/{ANA}/messages"
        self.assertEqual([one["id"] for one in self.ask("GET", path)[1]["messages"]], [only, both])
        self.assertEqual([one["id"] for one in self.ask("GET", f"{path}?before={only}")[1]["messages"]], [both])
        self.assertEqual(self.ask("DELETE", f"{path}?id={only}")[0], 204)
        self.assertEqual(self.ask("DELETE", path)[0], 204)
        self.assertEqual(self.mailboxes(), [BOB])
        self.assertEqual(self.ask("DELETE", "/api/v2/mailboxes/nobody/messages")[0], 204)
        self.assertEqual([one["id"] for one in self.ask("GET", f"/api/v2/mailboxes/{BOB}/messages")[1]["messages"]], [both])


class Bounded(harness.ServerTest):
    ports = ("smtp", "pop3", "http", "console")
    config_extra = "[console]\nmax_waiters = 1\n"

    def test_one_too_many(self):
        port = self.server.listening[3]
        held = subprocess.Popen([harness.program("curl"), "-sN", f"http://127.0.0.1:{port}/api/v2/mail/events"],
                                stdout=subprocess.DEVNULL)
        try:
            def status():
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                client.request("GET", "/api/v2/mail/wait?timeout=0")
                status = client.getresponse().status
                client.close()
                return status
            harness.wait_until(lambda: status() == 503, "the other has the only place")
        finally:
            held.kill()
            held.wait()

    def test_a_stop_ends_it(self):
        with harness.Portico(ports=self.ports) as server:
            peer = socket.create_connection(("127.0.0.1", server.listening[3]), timeout=60)
            self.addCleanup(peer.close)
            peer.sendall(b"GET /api/v2/mail/wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
            harness.wait_until(lambda: b"portico_mail_waiters 1" in self.metrics(server), "it waits")
            server.stop()
            self.assertTrue(peer.recv(1000).startswith(b"HTTP/1.1 503 "))

    def metrics(self, server):
        client = http.client.HTTPConnection("127.0.0.1", server.listening[3], timeout=20)
        client.request("GET", "/metrics")
        text = client.getresponse().read()
        client.close()
        return text
