"""portico in Mailpit's place: called by its name, told what to do by its environment and flags."""

import http.client
import os
import socket
import subprocess
import unittest
import unittest.mock

import harness
from talk import Talk

ACCESSIBLE = r"\A\[http\] accessible via http://localhost:{}{}/\n\Z"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Mailpit(harness.Portico):
    """The server under the name mailpit, with a console; `environment` is MP_*."""

    def __init__(self, environment, config_extra="", args=(), **more):
        super().__init__(config_extra + "\n[console]\nopen = true\n", ports=("smtp", "pop3", "http", "console"),
                         args=args, **more)
        link = self.folder / "mailpit"
        link.symlink_to(self.binary)
        self.binary = link
        self.environment = environment

    def start(self):
        with unittest.mock.patch.dict(os.environ, self.environment):
            super().start()
        self.console = self.listening[3]
        harness.wait_until(lambda: self.out.endswith("\n"), "it says where it is")  # after the port_file
        return self

    def command(self, *args, **more):
        with unittest.mock.patch.dict(os.environ, self.environment):
            return super().command(*args, **more)

    def ask(self, path, method="GET", **fields):
        client = http.client.HTTPConnection("127.0.0.1", self.console, timeout=10)
        try:
            client.request(method, path,
                           headers={name.replace("_", "-"): value for name, value in fields.items()})
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            client.close()


class Called(unittest.TestCase):
    def test_what_container_libraries_wait_for_comes_once(self):
        with Mailpit({}) as server:
            self.assertRegex(server.out, ACCESSIBLE.format(server.console, ""))
            self.assertEqual(server.ask("/readyz")[0], 200)
            server.stop()
            self.assertEqual(server.out.count("accessible"), 1)

    def test_by_its_own_name_it_is_not_mailpit(self):
        console = harness.port("console")
        with unittest.mock.patch.dict(os.environ, {"MP_WEBROOT": "x", "MP_UI_AUTH": "broken"}):
            with harness.Portico(ports=[console]) as server:
                self.assertEqual(server.out, "")

    def test_version(self):
        done = harness.run([harness.default_binary(), "version"])
        self.assertRegex(done.stdout, r"\Amailpit v1\.\d+\.\d+, as portico \d+\.\d+\.\d+ answers it\n\Z")


class Webroot(unittest.TestCase):
    def test_everything_is_under_it(self):
        with Mailpit({"MP_WEBROOT": "mail", "MP_LABEL": "Staging <1>"}) as server:
            self.assertRegex(server.out, ACCESSIBLE.format(server.console, "/mail"))
            status, fields, _ = server.ask("/mail")
            self.assertEqual((status, fields["Location"]), (302, "/mail/"))
            for path in ("/mail/", "/mail/livez", "/mail/readyz", "/mail/metrics", "/mail/api/v2/ports"):
                self.assertEqual(server.ask(path)[0], 200, path)
            for path in ("/", "/livez", "/readyz", "/metrics", "/api/v2/ports", "/mails/readyz"):
                self.assertEqual(server.ask(path)[0], 404, path)
            page = server.ask("/mail/")[2]
            self.assertIn("Staging &lt;1&gt;", page)
            self.assertIn('href="/mail/metrics"', page)


class Cors(unittest.TestCase):
    def test_pages_of_listed_origins(self):
        environment = {"MP_API_CORS": "http://app.test:5173", "MP_UI_AUTH": "ana:open-sesame"}
        origin = "http://app.test:5173"
        with Mailpit(environment) as server:
            path = "/api/v2/ports"
            preflight = {"Origin": origin, "Access_Control_Request_Method": "DELETE"}
            status, fields, _ = server.ask(path, "OPTIONS", **preflight)
            self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (200, origin))
            self.assertIn("DELETE", fields["Access-Control-Allow-Methods"])
            # Also where the answer is no.
            status, fields, _ = server.ask(path, Origin=origin)
            self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (401, origin))
            basic = "Basic YW5hOm9wZW4tc2VzYW1l"
            status, fields, _ = server.ask(path, Origin=origin, Authorization=basic)
            self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (200, origin))
            status, fields, _ = server.ask(path, Authorization=basic)
            self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (200, None))
            status, fields, _ = server.ask(path, "OPTIONS", **{**preflight, "Origin": "http://evil.example"})
            self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (403, None))
            self.assertNotIn("sesame", server.log)

    def test_logins(self):
        with Mailpit({"MP_UI_AUTH": "ana:secret"}) as server:
            self.assertEqual(server.ask("/readyz")[0], 200)
            for authorization, status in (("Basic YW5hOnNlY3JldA==", 200), ("Basic Ym86c2VjcmV0", 401)):
                self.assertEqual(server.ask("/metrics", Authorization=authorization)[0], status)


class Readyz(unittest.TestCase):
    def test_a_server(self):
        with Mailpit({"MP_WEBROOT": "mail"}) as server:
            address = f"127.0.0.1:{server.console}"
            self.assertEqual(server.command("readyz", "--listen", address).returncode, 0)
            self.assertEqual(server.command("readyz", "--wait", "--timeout", "10s", "-l", address).returncode, 0)
            # Not under another root, and not over TLS.
            for more, why in ((["--webroot", "x"], "status 404"), ([], "no answer in HTTP")):
                done = server.command(*more, "readyz", *([] if more else ["--https"]), "-l", address, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(why, done.stderr)
            # Without a number of its own the console cannot be asked from outside: the control socket can.
            self.assertEqual(server.command("readyz").stdout, "healthy\n")

    def test_nobody(self):
        done = harness.run([harness.default_binary(), "readyz", "-l", f"127.0.0.1:{free_port()}"], check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not ready: Connection refused", done.stderr)
        done = harness.run([harness.default_binary(), "readyz", "--wait", "--timeout", "300ms", "-l",
                            f"127.0.0.1:{free_port()}"], check=False)
        self.assertEqual(done.returncode, 1)

    def test_over_tls_and_waiting(self):
        port = free_port()
        address = f"127.0.0.1:{port}"
        waiting = subprocess.Popen([harness.default_binary(), "readyz", "--https", "--wait", "--timeout", "30s",
                                    "--listen", address], stderr=subprocess.PIPE)
        with Mailpit({"MP_UI_BIND_ADDR": address, "MP_UI_TLS_CERT": "sans:mailpit.test"}) as server:
            self.assertIn(port, [entry["port"] for entry in server.ports])
            self.assertEqual(waiting.communicate(timeout=40), (None, b""))
            self.assertEqual(waiting.returncode, 0)


class Environment(unittest.TestCase):
    def test_mail_is_kept_beside_the_database(self):
        with Mailpit({}) as server:
            server.stop()
            server.environment = {"MP_DATABASE": str(server.folder / "mailpit.db"),
                                  "MP_MAX_MESSAGES": "2", "MP_WEBHOOK_URL": "http://hook.test/"}
            (server.folder / "mailpit.db").write_bytes(b"not ours")
            server.start()
            self.assertTrue((server.folder / "mailpit.portico" / "control.sock").exists())
            self.assertEqual((server.folder / "mailpit.db").read_bytes(), b"not ours")
            self.assertEqual(server.log.count("MP_WEBHOOK_URL"), 1)
            for number in range(4):
                server.command("send", f"a{number}@example.test", input=b"Subject: x\n\n")
            self.assertEqual(len(server.command("mail", "ls").stdout.splitlines()), 1 + 2)

    def test_flags_go_before_variables(self):
        with Mailpit({"MP_SMTP_MAX_RECIPIENTS": "300", "MP_DATABASE": "/nowhere/mailpit.db"},
                     args=("--database", "flag.db", "--smtp-auth-accept-any", "--smtp-auth-allow-insecure")) as server:
            self.assertTrue((server.folder / "flag.portico").is_dir())
            with Talk(server.smtp) as session:
                self.assertIn("AUTH", session.expect("250", "EHLO client.example.net"))

    def test_smtp_logins(self):
        with Mailpit({"MP_SMTP_AUTH": "ana:secret", "MP_SMTP_AUTH_ALLOW_INSECURE": "true"}) as server:
            with Talk(server.smtp) as session:
                session.expect("250", "EHLO client.example.net")
                session.expect("530", "MAIL FROM:<bo@example.net>")
                session.expect("535", "AUTH PLAIN AGFuYQB3cm9uZw==")
                session.expect("235", "AUTH PLAIN AGFuYQBzZWNyZXQ=")
                session.expect("250", "MAIL FROM:<bo@example.net>")

    def test_refusals(self):
        with Mailpit({}) as server:
            server.environment = {"MP_SMTP_AUTH_ACCEPT_ANY": "true", "MP_SMTP_AUTH": "ana:secret"}
            done = server.command("check", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"\AMP_SMTP_AUTH_ACCEPT_ANY: MP_SMTP_AUTH is set as well ")
            self.assertNotIn("secret", done.stderr)


if __name__ == "__main__":
    unittest.main()
