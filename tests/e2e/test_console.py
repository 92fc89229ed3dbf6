"""The console: the host for programs, by HTTP."""

import base64
import http.client
import json
import unittest

import harness
from talk import Talk

def ask(port, method="GET", path="/", **fields):
    """Status, fields and content of one answer."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request(method, path, headers={name.replace("_", "-"): value for name, value in fields.items()})
        answer = client.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        client.close()


class Console(harness.ServerTest):
    ports = ("smtp", "pop3", "http", "console")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = cls.server.listening[3]

    def json(self, path):
        status, fields, content = ask(self.port, path=path)
        self.assertEqual((status, fields["Content-Type"]), (200, "application/json"))
        return json.loads(content)

    def test_it_tells_of_ports(self):
        ports = self.json("/api/v2/ports")["ports"]
        self.assertEqual({port["service"] for port in ports}, {"http", "smtp", "pop3", "console"})
        self.assertTrue(all(port["state"] == "bound" for port in ports))
        own = next(port for port in ports if port["port"] == self.port and port["address"] == "127.0.0.1")
        self.assertGreaterEqual(own["open"], 1)

    def test_it_tells_of_connections_and_closes_one(self):
        with Talk(self.server.smtp) as guest:
            mine = "127.0.0.1:%d" % guest.socket.getsockname()[1]
            peers = [peer for peer in self.json("/api/v2/connections")["connections"] if peer["client"] == mine]
            self.assertEqual([peer["service"] for peer in peers], ["smtp"])
            path = f"/api/v2/connections/{peers[0]['number']}"
            self.assertEqual(ask(self.port, "DELETE", path)[0], 204)
            self.assertEqual(guest.socket.recv(100), b"")
            # Its coroutine may still be on its way out, but not for long.
            harness.wait_until(lambda: ask(self.port, "DELETE", path)[0] == 404, "the connection is gone")
        for nobody in ("0", "x", "-1", "99999999999999999999"):
            self.assertEqual(ask(self.port, "DELETE", "/api/v2/connections/" + nobody)[0], 404)

    def test_it_tells_of_the_host(self):
        host = self.json("/api/v2/host")
        self.assertEqual(host["name"], "mx.example.test")
        self.assertGreater(host["resident_bytes"], 1 << 20)
        self.assertGreater(host["open_files"], 5)

    def test_metrics_count(self):
        def accepted():
            text = ask(self.port, path="/metrics")[2]
            return sum(int(line.split()[-1]) for line in text.splitlines()
                       if line.startswith('portico_connections_accepted_total{service="smtp"'))

        before = accepted()
        with Talk(self.server.smtp):
            pass
        self.assertEqual(accepted(), before + 1)
        self.assertTrue(ask(self.port, path="/metrics")[1]["Content-Type"].startswith("text/plain; version=0.0.4"))

    def test_probes_and_what_is_not_there(self):
        for probe in ("/livez", "/readyz"):
            status, _, content = ask(self.port, path=probe)
            self.assertEqual((status, content), (200, ""))
        self.assertEqual(ask(self.port, path="/nothing")[0], 404)
        self.assertEqual(ask(self.port, "POST", "/api/v2/ports")[0], 405)
        status, fields, page = ask(self.port)
        self.assertEqual(status, 200)
        self.assertIn("default-src 'none'", fields["Content-Security-Policy"])
        self.assertIn("/api/v2/connections", page)

    def test_pages_of_others_may_not_ask(self):
        path = "/api/v2/ports"
        for fields in ({"Host": "rebound.example.com"}, {"Origin": "http://evil.example"},
                       {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}):
            self.assertEqual(ask(self.port, path=path, **fields)[0], 403, fields)
        own = f"http://127.0.0.1:{self.port}"
        self.assertEqual(ask(self.port, path=path, Origin=own, Sec_Fetch_Site="same-origin")[0], 200)


class Logins(unittest.TestCase):
    def test_password_and_tokens(self):
        hashed = harness.run([harness.default_binary(), "passwd"], input=b"open sesame\n").stdout.strip()
        console = harness.port("console", password_hash=hashed, tokens=["0123456789abcdef"])
        with harness.Portico(ports=[console]) as server:
            port, = server.listening
            basic = base64.b64encode(b"ana:open sesame").decode()
            wrong = base64.b64encode(b"ana:open sesam").decode()
            self.assertEqual(ask(port, path="/readyz")[0], 200)
            for fields in ({}, {"Authorization": "Basic " + wrong}, {"Authorization": "Bearer 0123456789abcdee"}):
                status, answer, _ = ask(port, path="/metrics", **fields)
                self.assertEqual((status, answer["WWW-Authenticate"]), (401, 'Basic realm="Login"'))
            for scheme in ("Basic " + basic, "Bearer 0123456789abcdef"):
                self.assertEqual(ask(port, path="/metrics", Authorization=scheme)[0], 200)
            self.assertNotIn("sesam", server.log)


if __name__ == "__main__":
    unittest.main()
