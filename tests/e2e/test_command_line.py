"""The program as its operator meets it."""

import json
import re
import socket

import talk
from harness import ServerTest, default_binary, run

MESSAGE = b"Subject: seen\r\n\r\n.text of the message\r\n"


class WithServer(ServerTest):
    def command(self, *arguments, **more):
        return self.server.command(*arguments, **more)

    def as_json(self, *arguments):
        return json.loads(self.command(*arguments, "--json").stdout)

    def test_ports(self):
        ports = {(port["service"], port["address"]): port for port in self.as_json("ports")}
        for service in ("smtp", "pop3", "http"):
            port = ports[service, "127.0.0.1"]
            self.assertEqual(port["port"], getattr(self.server, service))
            self.assertEqual((port["transport"], port["state"]), ("tcp", "bound"))
            self.assertRegex(port["origin"], r"portico\.toml:\d+\Z")
        table = self.command("ports").stdout
        self.assertRegex(table, r"\APROTO +ADDRESS +PORT ")
        self.assertRegex(table, rf"(?m)^tcp +127\.0\.0\.1 +{self.server.smtp} .*smtp +none +bound")

    def test_ports_count(self):
        def accepted():
            return sum(port["accepted"] for port in self.as_json("ports")
                       if port["service"] == "smtp")
        before = accepted()
        talk.deliver(self.server.smtp, MESSAGE, [self.mailbox])
        self.assertEqual(accepted(), before + 1)

    def test_connections(self):
        with talk.smtp(self.server.smtp) as session:
            host, port = session.socket.getsockname()
            [found] = [peer for peer in self.as_json("connections")
                       if peer["client"] == f"{host}:{port}"]
            self.assertEqual(found["server"], f"127.0.0.1:{self.server.smtp}")
            self.assertEqual((found["transport"], found["service"]), ("tcp", "smtp"))
            self.assertEqual(found["bytes_in"], len("EHLO client.example.net\r\n"))
            self.assertGreater(found["bytes_out"], 0)
            session.expect("250", "MAIL FROM:<bo@example.net>")
            table = self.command("connections").stdout
            self.assertRegex(table, rf"(?m)^ *\d+ +tcp +{re.escape(host)}:{port} +"
                                    rf"127\.0\.0\.1:{self.server.smtp} +smtp .*MAIL, 1st message")

    def test_health(self):
        self.assertEqual(self.command("health").stdout, "healthy\n")

    def test_control_socket_is_private(self):
        self.assertEqual((self.server.data / "control.sock").stat().st_mode & 0o777, 0o600)

    def test_malformed_requests_are_answered(self):
        for request in (b"rubbish", b"[]", b'{"command":5}', b'{"command":"sing"}',
                        b'{"command":"mail cat"}', b'{"command":"mail ls","mailbox":7}',
                        b'{"command":"send","size":-1,"to":["ana@example.test"]}'):
            with self.subTest(request=request), socket.socket(socket.AF_UNIX) as control:
                control.settimeout(talk.SECONDS)
                control.connect(str(self.server.data / "control.sock"))
                control.sendall(request + b"\n")
                answer = json.loads(control.makefile("rb").readline())
                self.assertEqual(list(answer), ["error"])

    def test_mail_ls_cat_rm(self):
        id = talk.deliver(self.server.smtp, MESSAGE, [self.mailbox, "second@example.test"])
        [(_, octets)] = talk.maildrop(self.server.pop3, self.mailbox)
        [listed] = self.as_json("mail", "ls", self.mailbox.upper())
        self.assertEqual((listed["id"], listed["size"], listed["from"], listed["mailbox"]),
                         (id, len(octets), "bo@example.net", self.mailbox))
        self.assertIn(id, self.command("mail", "ls").stdout)
        self.assertEqual(self.command("mail", "cat", id).stdout.encode(), octets)
        self.command("mail", "rm", id)
        self.assertEqual(self.as_json("mail", "ls", self.mailbox), [])
        self.assertEqual(talk.maildrop(self.server.pop3, "second@example.test"), [])
        for command in ("cat", "rm"):
            gone = self.command("mail", command, id, check=False)
            self.assertEqual(gone.returncode, 1)
            self.assertIn("no such message", gone.stderr)

    def test_mail_cat_of_a_large_message(self):
        message = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 50_000
        id = talk.deliver(self.server.smtp, message, [self.mailbox])
        octets = self.command("mail", "cat", id).stdout.encode()
        self.assertTrue(talk.without_trace(octets)[1] == message)

    def test_send(self):
        done = self.command("send", "--from", "bo@example.net", self.mailbox, "too@example.test",
                            input="Subject: sent\n\n.Grüße\n".encode())
        id = done.stdout.strip()
        for mailbox in (self.mailbox, "too@example.test"):
            [(unique_id, octets)] = talk.maildrop(self.server.pop3, mailbox)
            self.assertEqual(unique_id, id)
            self.assertEqual(talk.without_trace(octets)[1],
                             "Subject: sent\r\n\r\n.Grüße\r\n".encode())

    def test_second_start_names_the_first(self):
        second = self.command(check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"process {self.server.pid}", second.stderr)
        self.assertEqual(second.stderr.count("\n"), 1, second.stderr)
        self.assertTrue(self.server.port_file.exists())
        self.command("health")


class WithoutServer(ServerTest):
    @classmethod
    def setUpClass(cls):
        pass

    def portico(self, *arguments, **more):
        return run([default_binary(), *arguments], cwd=self.folder, **more)

    def config(self, text):
        path = self.folder / "portico.toml"
        path.write_text(text)
        return path

    def test_version(self):
        self.assertRegex(self.portico("--version").stdout, r"\Aportico \d+\.\d+\.\d+\n\Z")

    def test_help(self):
        text = self.portico("--help").stdout
        for word in ("check", "ports", "connections", "health", "passwd", "mail", "send", "store",
                     "--config", "--trace"):
            self.assertIn(word, text)

    def test_unknown_command(self):
        self.assertNotEqual(self.portico("sing", check=False).returncode, 0)

    def test_check_of_a_good_file(self):
        path = self.config('[host]\nname = "mx.example.test"\n')
        self.assertIn("no problems", self.portico("--config", path, "check").stdout)

    def test_check_reports_every_problem_at_its_place(self):
        path = self.config('[host]\nnmae = "mx"\ngrace = "soon"\n\n'
                           '[[port]]\nport = 70000\nservice = "smtp"\n')
        done = self.portico("check", "--config", path, check=False)
        self.assertEqual(done.returncode, 1)
        for place in (":2:1: ", ":3:9: ", ":6:8: "):
            self.assertIn(f"{path}{place}", done.stderr)
        self.assertIn("name", done.stderr.splitlines()[0])

    def test_check_of_what_is_no_toml(self):
        path = self.config('[host]\nname = \n')
        done = self.portico("--config", path, "check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"{re.escape(str(path))}:2:\d+: ")

    def test_check_warns_of_a_secret_others_can_read(self):
        path = self.config('[[account]]\nname = "ana"\naddresses = ["ana@example.test"]\n'
                           'secret = "between us"\n')
        for mode, warned in ((0o644, True), (0o600, False)):
            path.chmod(mode)
            out = self.portico("--config", path, "check").stdout
            self.assertEqual("warning: " in out, warned, out)
            self.assertNotIn("between us", out)

    def test_open_ports_need_the_login_mode_written_down(self):
        port = '[[port]]\nport = 2525\nservice = "smtp"\nbind = ["0.0.0.0"]\n'
        path = self.config(port)
        done = self.portico("--config", path, "check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"portico\.toml:\d+:\d+: .*mode")
        path.write_text('[auth]\nmode = "any"\n' + port)
        self.portico("--config", path, "check")

    def test_check_reads_the_certificates(self):
        path = self.config(f'[[certificate]]\ncertificate = "{self.folder}/none.pem"\n'
                           f'key = "{self.folder}/none.key"\n'
                           '[[port]]\nport = 4650\nservice = "smtp"\ntls = "implicit"\n')
        done = self.portico("--config", path, "check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"portico\.toml:1: certificate .*none\.pem: No such file")

    def test_check_of_no_file(self):
        done = self.portico("--config", self.folder / "none.toml", "check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.toml", done.stderr)

    def test_commands_that_need_a_server(self):
        path = self.config(f'[host]\ndata = "{self.folder}/data"\n')
        for command in (["ports"], ["connections"], ["health"], ["mail", "ls"]):
            done = self.portico("--config", path, *command, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"\Aportico: no portico is running [^\n]*\n\Z")

    def test_passwd_refuses_nothing(self):
        self.assertEqual(self.portico("passwd", input=b"\n", check=False).returncode, 1)


class Accounts(ServerTest):
    password = "of several words, ü"

    @classmethod
    def setUpClass(cls):
        hashed = run([default_binary(), "passwd"], input=cls.password + "\n").stdout.strip()
        cls.config_extra = f"""
[mail]
accept = "listed"
[auth]
mode = "listed"
[[account]]
name = "ana"
addresses = ["ana@example.test", "a.b@example.test", "*@ana.example.test"]
password = '{hashed}'
[[account]]
name = "bot"
addresses = ["bot@example.test"]
secret = "in the clear"
"""
        super().setUpClass()

    def refused(self, login, password):
        with talk.Talk(self.server.pop3) as session:
            session.expect("+OK", f"USER {login}")
            session.expect("-ERR [AUTH]", f"PASS {password}")

    def test_mail_for_an_account(self):
        ids = [talk.deliver(self.server.smtp, MESSAGE, [address]) for address in
               ("ana@example.test", "A.B@Example.test", "any.thing@ana.example.test")]
        with talk.pop3(self.server.pop3, "Ana", self.password) as session:
            self.assertEqual(list(talk.listing(session, "UIDL").values()), ids)

    def test_wrong_logins(self):
        self.refused("ana", "wrong")
        self.refused("ana", self.password + " ")
        self.refused("nobody", self.password)
        self.refused("bot", "in the cleaR")
        talk.pop3(self.server.pop3, "bot", "in the clear").close()

    def test_unknown_recipient(self):
        with talk.smtp(self.server.smtp) as session:
            session.expect("250", "MAIL FROM:<bo@example.net>")
            session.expect("550 5.1.1", "RCPT TO:<nobody@example.test>")
            session.expect("250", "RCPT TO:<bot@example.test>")
            session.expect("250", "RCPT TO:<postmaster>")
            session.expect("250", "RCPT TO:<Postmaster@mx.example.test>")

    def test_no_password_in_the_log(self):
        talk.pop3(self.server.pop3, "ana", self.password).close()
        for secret in (self.password, "in the clear", "$y$", "$6$"):
            self.assertNotIn(secret, self.server.log)


class Trace(ServerTest):
    args = ("--trace",)
    secret = "tell-nobody 42"

    def test_conversations(self):
        talk.deliver(self.server.smtp, MESSAGE, [self.mailbox])
        with talk.pop3(self.server.pop3, self.mailbox, self.secret) as session:
            talk.retrieve(session, 1)
            session.expect("-ERR", f"pass {self.secret}")
            session.expect("+OK", "QUIT")
            self.assertTrue(session.at_end())
        out = self.server.out
        number = re.search(r"(?m)^#(\d+) C: EHLO client\.example\.net$", out)[1]
        for line in ("S: 220 mx.example.test ", "C: MAIL FROM:<bo@example.net>", "S: 354 ",
                     "S: 250 2.0.0 Ok: queued as "):
            self.assertIn(f"\n#{number} {line}", "\n" + out)
        self.assertRegex(out, r"(?m)^#\d+ C: RETR 1$")
        self.assertNotIn("text of the message", out)
        for text in (out, self.server.log):
            self.assertNotIn("tell-nobody", text)


class JsonLog(ServerTest):
    config_extra = '[log]\nformat = "json"\nlevel = "debug"\n'

    def test_lines(self):
        with talk.smtp(self.server.smtp) as session:
            host, port = session.socket.getsockname()
            talk.data(session, MESSAGE, [self.mailbox])
            id = talk.queued_id(session.reply())
        talk.maildrop(self.server.pop3, self.mailbox)
        events = [json.loads(line) for line in self.server.log.splitlines()]
        [event] = [event for event in events if id in event["message"]]
        self.assertEqual((event["level"], event["service"], event["client"], event["server"]),
                         ("info", "smtp", f"{host}:{port}", f"127.0.0.1:{self.server.smtp}"))
        self.assertIsInstance(event["connection"], int)
        for words in ("text of the message", "Subject"):
            self.assertNotIn(words, self.server.log)
