"""TLS as clients meet it: by STARTTLS and STLS, from the start, and with files that change."""

import concurrent.futures
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
import warnings

import certificates
import talk
from harness import Portico, ServerTest, port, program, rule, run

MESSAGE = b"Subject: sealed\r\n\r\n.text under TLS\r\n"
SEALED = (port("smtp"), port("smtp", tls="starttls"), port("smtp", tls="implicit"),
          port("pop3"), port("pop3", tls="starttls"), port("pop3", tls="implicit"),
          port("http"), port("http", tls="implicit"))


class TlsTest(ServerTest):
    """With a port of each kind, and a context that trusts the server's own authority."""
    ports = SEALED
    args = ("--trace",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.smtp, cls.smtp_starttls, cls.smtps, cls.pop3, cls.pop3_stls, cls.pop3s, cls.http,
         cls.https) = cls.server.listening
        cls.ca = cls.server.command("ca").stdout

    def context(self, **settings):
        context = certificates.trusting(text=self.ca)
        for name, value in settings.items():
            setattr(context, name, value)
        return context

    def started(self, number, context=None, **more):
        """A session on a port of tls = "starttls", after the handshake."""
        session = talk.Talk(number)
        if session.greeting.startswith("+OK"):
            session.expect("+OK", "STLS")
        else:
            session.expect("250", "EHLO client.example.net")
            session.expect("220", "STARTTLS")
        session.secure(context or self.context(), **more)
        return session


class Start(TlsTest):
    @rule("3207", "4", "EHLO announces STARTTLS where it can be done, and after the handshake no more")
    @rule("3207", "4.2", "After the handshake the server knows nothing of before: MAIL needs a new EHLO")
    def test_starttls(self):
        for number, offered in ((self.smtp, False), (self.smtp_starttls, True)):
            with talk.Talk(number) as session:
                self.assertEqual("STARTTLS" in talk.capabilities(session), offered)
                if not offered:
                    self.assertIn(session.ask("STARTTLS")[:3], ("454", "500", "502", "503"))
                    session.expect("250", "NOOP")
        with self.started(self.smtp_starttls) as session:
            session.expect("503", "MAIL FROM:<bo@example.net>")
            self.assertNotIn("STARTTLS", talk.capabilities(session))
            session.expect("503", "STARTTLS")
            talk.data(session, MESSAGE, [self.mailbox])
            talk.queued_id(session.reply())
        with self.started(self.pop3_stls) as session:
            session.expect("+OK", f"USER {self.mailbox}")
            session.expect("+OK", "PASS any")
            [fields, text] = talk.without_trace(talk.retrieve(session, 1))
        self.assertEqual(text, MESSAGE)
        self.assertIn(b" with ESMTPS ", fields[1].replace(b"\r\n", b" ").replace(b"\t", b" "))

    @rule("3207", "4", "STARTTLS takes no parameter: 501")
    def test_starttls_takes_no_parameter(self):
        with talk.smtp(self.smtp_starttls) as session:
            session.expect("501", "STARTTLS now")
            session.expect("250", "NOOP")

    @rule("2595", "4", "CAPA lists STLS where it can be done, and after the handshake no more")
    @rule("2595", "4", "STLS is for AUTHORIZATION state only")
    def test_stls(self):
        for number, offered in ((self.pop3, False), (self.pop3_stls, True)):
            with talk.Talk(number) as session:
                self.assertEqual("STLS" in talk.capabilities(session), offered)
                if not offered:
                    session.expect("-ERR", "STLS")
        with self.started(self.pop3_stls) as session:
            self.assertNotIn("STLS", talk.capabilities(session))
            session.expect("-ERR", "STLS")
            session.expect("+OK", f"USER {self.mailbox}")
            session.expect("+OK", "PASS any")
            session.expect("+OK", "QUIT")
        with talk.pop3(self.pop3_stls, self.mailbox) as session:
            self.assertNotIn("STLS", talk.capabilities(session))
            session.expect("-ERR", "STLS")
            session.expect("+OK", "NOOP")

    @rule("8314", "3.3", "Implicit TLS for SMTP submission and POP3: the handshake comes before the greeting")
    def test_implicit(self):
        with talk.smtp(self.smtps, tls=self.context()) as session:
            talk.data(session, MESSAGE, [self.mailbox])
            talk.queued_id(session.reply())
        with talk.pop3(self.pop3s, self.mailbox, tls=self.context()) as session:
            self.assertEqual(talk.without_trace(talk.retrieve(session, 1))[1], MESSAGE)
            session.expect("+OK", "QUIT")
            self.assertTrue(session.at_end())  # with close_notify, or this raises

    def test_clear_text_at_an_implicit_port(self):
        for number in (self.smtps, self.pop3s, self.https):
            with talk.Talk(number, greeting=False) as session:
                session.send("EHLO client.example.net\r\nQUIT\r\n")
                try:
                    answer = session.socket.recv(100)
                except ConnectionResetError:
                    answer = b""
                self.assertIn(answer[:1], (b"", b"\x15"))  # nothing, or an alert: no greeting
        self.server.command("health")

    def test_connections_tell_the_version(self):
        with talk.smtp(self.smtps, tls=self.context()) as session:
            host, number = session.socket.getsockname()
            [found] = [entry for entry in json.loads(self.server.command("connections", "--json").stdout)
                       if entry["client"] == f"{host}:{number}"]
            self.assertEqual(found["tls_version"], "TLSv1.3")
        encryption = {entry["port"]: entry["encryption"] for entry in
                      json.loads(self.server.command("ports", "--json").stdout)}
        self.assertEqual([encryption[number] for number in
                          (self.smtp, self.smtp_starttls, self.smtps)],
                         ["none", "starttls", "implicit"])


class Injection(TlsTest):
    """What came in clear before a handshake may be another's."""

    @rule("3207", "4.2", "What arrived in clear behind STARTTLS is thrown away, not answered under TLS")
    def test_behind_starttls(self):
        with talk.smtp(self.smtp_starttls) as session:
            evil = (b"EHLO evil.example.net\r\nMAIL FROM:<evil@example.net>\r\n"
                    b"RCPT TO:<evil@example.test>\r\n")
            session.send(b"STARTTLS\r\n" + evil)
            session.expect("220")
            session.secure(self.context())
            session.expect("503", "RCPT TO:<evil@example.test>")  # the first answer there is
            session.expect("250", "EHLO client.example.net")
            session.expect("503", "RCPT TO:<evil@example.test>")
        self.assertIn(f"{len(evil)} octets", self.server.log)
        self.assertNotIn("evil.example.net", self.server.out)

    @rule("3207", "4.2", "An EHLO pipelined ahead of STARTTLS is answered in clear and forgotten")
    def test_ahead_of_starttls(self):
        with talk.Talk(self.smtp_starttls) as session:
            session.send(b"EHLO early.example.net\r\nMAIL FROM:<early@example.net>\r\nSTARTTLS\r\n")
            session.expect("250")
            session.expect("250")
            reply = session.reply()  # of a transaction in progress; either is allowed
            if not reply.startswith("220"):
                session.expect("250", "RSET")
                session.expect("220", "STARTTLS")
            session.secure(self.context())
            session.expect("503", "RCPT TO:<early@example.test>")

    @rule("3207", "4.2", "Clear text instead of a handshake ends the session and is never carried out")
    def test_instead_of_a_handshake(self):
        with talk.smtp(self.smtp_starttls) as session:
            session.expect("220", "STARTTLS")
            try:
                session.send(b"MAIL FROM:<instead@example.net>\r\n" * 100)
                while session.socket.recv(1000):
                    pass
            except OSError:
                pass  # reset, since it was not read
        self.assertNotIn("instead@example.net", self.server.out)

    @rule("2595", "4", "What arrived in clear behind STLS is thrown away, not answered under TLS")
    def test_behind_stls(self):
        with talk.Talk(self.pop3_stls) as session:
            evil = b"USER devil@example.test\r\nPASS devil\r\n"
            session.send(b"STLS\r\n" + evil)
            session.expect("+OK")
            session.secure(self.context())
            session.expect("-ERR", "STAT")  # the first answer there is: not logged in
            self.assertIn("USER", talk.capabilities(session))
        self.assertIn(f"{len(evil)} octets", self.server.log)
        self.assertNotIn("devil", self.server.out)

    @rule("2595", "4", "A USER given in clear does not count after STLS")
    def test_ahead_of_stls(self):
        with talk.Talk(self.pop3_stls) as session:
            session.send(b"USER early@example.test\r\nSTLS\r\n")
            session.expect("+OK")
            session.expect("+OK")
            session.secure(self.context())
            session.expect("-ERR", "PASS any")


class Versions(TlsTest):
    def ciphers(self, context, names):
        context.set_ciphers(names)
        return context

    @rule("8996", "2", "TLS 1.0 and TLS 1.1 are refused")
    @rule("9325", "3.1.1", "TLS 1.2 and TLS 1.3 are spoken")
    def test_versions(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(minimum_version=version, maximum_version=version)
            for number in (self.smtps, self.pop3s):
                with talk.Talk(number, tls=context) as session:
                    self.assertEqual(session.socket.version(), version.name.replace("_", "."))
            with self.started(self.smtp_starttls, context) as session:
                session.expect("250", "NOOP")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                # OpenSSL would refuse on the client's side at its usual level of security.
                context = self.ciphers(self.context(), "ALL:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = version
                for start in (lambda: talk.Talk(self.smtps, tls=context),
                              lambda: self.started(self.pop3_stls, context)):
                    with self.assertRaisesRegex(ssl.SSLError, "(?i)protocol.version"):
                        start()

    @rule("9325", "4.1", "Only ciphers with forward secrecy and authenticated encryption")
    def test_ciphers(self):
        for names in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256",
                      "NULL", "aNULL"):
            context = self.ciphers(self.context(maximum_version=ssl.TLSVersion.TLSv1_2),
                                   names + ":@SECLEVEL=0")
            with self.subTest(names=names), \
                    self.assertRaisesRegex(ssl.SSLError, "(?i)handshake.failure"):
                talk.Talk(self.smtps, tls=context)

    @rule("9325", "3.5", "A client's renegotiation is refused")
    def test_renegotiation(self):
        client = subprocess.Popen(
            [program("openssl"), "s_client", "-tls1_2", "-crlf", "-connect",
             f"127.0.0.1:{self.smtps}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        said = b""
        while b"220 " not in said:
            piece = client.stdout.read1(1 << 16)
            self.assertTrue(piece, said)
            said += piece
        rest = client.communicate(b"R\n", timeout=talk.SECONDS)[0]
        self.assertIn(b"RENEGOTIATING", rest)
        self.assertIn(b"no renegotiation", rest)

    @rule("8446", "2.2", "A session is resumed by its ticket")
    def test_resumption(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(minimum_version=version, maximum_version=version)
            with talk.Talk(self.smtps, tls=context) as session:
                session.expect("250", "NOOP")  # TLS 1.3 sends its ticket after the handshake
                ticket = session.socket.session
                self.assertFalse(session.socket.session_reused)
            for number in (self.smtps, self.pop3s):
                with talk.Talk(number, tls=context, session=ticket) as session:
                    self.assertTrue(session.socket.session_reused, version)
            with self.started(self.smtp_starttls, context, session=ticket) as session:
                self.assertTrue(session.socket.session_reused, version)
                session.expect("250", "NOOP")


class MinimumVersion(ServerTest):
    config_extra = '[tls]\nmin_version = "1.3"\n'
    ports = (port("smtp", tls="implicit"),)

    def test_tls_1_2_is_refused(self):
        context = certificates.anything()
        talk.Talk(self.server.smtp, tls=context).close()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaisesRegex(ssl.SSLError, "(?i)protocol.version"):
            talk.Talk(self.server.smtp, tls=context)


class Required(TlsTest):
    ports = (port("smtp", tls="starttls", require_tls=True),
             port("pop3", tls="starttls", require_tls=True))

    @classmethod
    def setUpClass(cls):
        super(TlsTest, cls).setUpClass()
        cls.smtp_starttls, cls.pop3_stls = cls.server.listening
        cls.ca = cls.server.command("ca").stdout

    @rule("3207", "4", "Where TLS is required all but EHLO, NOOP, STARTTLS and QUIT is answered 530")
    def test_smtp(self):
        with talk.Talk(self.smtp_starttls) as session:
            announced = talk.capabilities(session)
            self.assertIn("STARTTLS", announced)
            self.assertNotIn("AUTH", announced)
            for command in ("MAIL FROM:<bo@example.net>", "RCPT TO:<ana@example.test>", "DATA",
                            "AUTH PLAIN AGFuYQBhbnk=", "VRFY ana"):
                session.expect("530 5.7.0", command)
            session.expect("250", "NOOP")
            session.expect("221", "QUIT")
        with self.started(self.smtp_starttls) as session:
            session.expect("250", "EHLO client.example.net")
            talk.data(session, MESSAGE, [self.mailbox])
            talk.queued_id(session.reply())

    @rule("2595", "2.2", "Where TLS is required no login is taken before STLS")
    def test_pop3(self):
        with talk.Talk(self.pop3_stls) as session:
            announced = talk.capabilities(session)
            self.assertIn("STLS", announced)
            self.assertEqual(announced.keys() & {"USER", "SASL"}, set())
            for command in (f"USER {self.mailbox}", "AUTH PLAIN", "AUTH",
                            f"APOP {self.mailbox} 0123456789abcdef0123456789abcdef"):
                session.expect("-ERR", command)
            session.expect("+OK", "QUIT")
        with self.started(self.pop3_stls) as session:
            session.expect("+OK", f"USER {self.mailbox}")
            session.expect("+OK", "PASS any")


class Authority(TlsTest):
    config_extra = '[tls]\nnames = ["extra.example.test", "127.0.0.2"]\n'

    def test_one_and_the_same_everywhere(self):
        self.assertIn("BEGIN CERTIFICATE", self.ca)
        self.assertNotIn("PRIVATE KEY", self.ca)
        for url, context in ((f"http://127.0.0.1:{self.http}/ca.pem", None),
                             (f"https://localhost:{self.https}/ca.pem", self.context())):
            with urllib.request.urlopen(url, timeout=talk.SECONDS, context=context) as answer:
                self.assertEqual(answer.read().decode(), self.ca)
                self.assertIn("pem", answer.headers["Content-Type"])
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/", timeout=talk.SECONDS) as page:
            self.assertIn("ca.pem", page.read().decode())

    @rule("9525", "6.1", "The certificate of the local authority is for each of the host's names")
    def test_names(self):
        for name in ("localhost", "127.0.0.1", "::1", "mx.example.test", "extra.example.test",
                     "127.0.0.2"):
            for number in (self.smtps, self.pop3s):
                with self.subTest(name=name), talk.Talk(number, tls=self.context(), name=name):
                    pass
        with self.assertRaises(ssl.SSLCertVerificationError):
            talk.Talk(self.smtps, tls=self.context(), name="other.example.test")

    def test_who_has_not_the_authority_does_not_trust(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            talk.Talk(self.smtps, tls=ssl.create_default_context())

    def test_keys_are_private(self):
        private = [path for path in self.server.data.rglob("*") if path.is_file()
                   and b"PRIVATE KEY" in path.read_bytes()]
        self.assertTrue(private)
        for path in private:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_it_lasts(self):
        with Portico(ports=(port("smtp", tls="implicit"),)) as server:
            before = server.command("ca").stdout
            server.stop()
            server.start()
            self.assertEqual(server.command("ca").stdout, before)
            talk.Talk(server.smtp, tls=certificates.trusting(text=before)).close()


class Certificates(ServerTest):
    """The operator's own, several and changing."""

    @classmethod
    def setUpClass(cls):
        pass

    def start(self, *names):
        self.pairs = [certificates.make(self.folder, name) for name in names]
        server = self.enterContext(Portico(
            certificates.tables(*self.pairs), (port("smtp", tls="implicit"),)))
        self.number = server.smtp
        return server

    def shown(self, asked="one.example.test"):
        """Whose certificate a client gets that asks for this name."""
        with talk.Talk(self.number, tls=certificates.anything(), name=asked) as session:
            return ssl.DER_cert_to_PEM_cert(session.socket.getpeercert(binary_form=True))

    def text(self, pair):
        return pair[0].read_text()

    @rule("6066", "3", "The certificate is the one for the name that the client asks for, else the first")
    def test_server_name(self):
        self.start("one.example.test", "two.example.test", "*.three.example.test")
        one, two, three = map(self.text, self.pairs)
        for asked, wanted in (("one.example.test", one), ("two.example.test", two),
                              ("TWO.example.test", two), ("mail.three.example.test", three),
                              ("three.example.test", one), ("four.example.test", one), (None, one)):
            with self.subTest(asked=asked):
                self.assertEqual(self.shown(asked), wanted)
        with talk.Talk(self.number, tls=certificates.trusting(self.pairs[1][0]),
                       name="two.example.test"):
            pass

    def replace(self, name="one.example.test", like=None):
        """Puts another certificate in place of the first; `like`: so that no stamp tells."""
        other = self.folder / "other"
        other.mkdir(exist_ok=True)
        for old, new in zip(self.pairs[0], certificates.make(other, name)):
            if like is None:
                os.replace(new, old)
                continue
            before = old.stat()
            octets = new.read_bytes()
            if len(octets) > before.st_size:
                return False  # a signature of another length: again
            with old.open("r+b") as file:
                file.write(octets + b"\n" * (before.st_size - len(octets)))
            os.utime(old, ns=(before.st_atime_ns, before.st_mtime_ns))
        return True

    def wait_for(self, text):
        end = time.monotonic() + talk.SECONDS
        while self.shown() != text:
            if time.monotonic() > end:
                self.fail("the certificate is still the old one")
            time.sleep(0.1)

    def test_a_change_of_the_files(self):
        self.start("one.example.test")
        old = self.text(self.pairs[0])
        with talk.Talk(self.number, tls=certificates.trusting(self.pairs[0][0]),
                       name="one.example.test") as live:
            self.replace()
            self.wait_for(self.text(self.pairs[0]))
            live.expect("250", "EHLO client.example.net")
            talk.data(live, MESSAGE)
            talk.queued_id(live.reply())
            self.assertEqual(ssl.DER_cert_to_PEM_cert(live.socket.getpeercert(True)), old)

    def test_sighup(self):
        server = self.start("one.example.test")
        # Room for a signature that is longer.
        for path in self.pairs[0]:
            path.write_text(path.read_text() + "\n" * 20)
        server.signal(signal.SIGHUP)
        self.wait_for(certificates_in(self.pairs[0][0]))
        with talk.Talk(self.number, tls=certificates.anything(), name="one.example.test") as live:
            self.assertTrue(self.replace(like=True))
            server.signal(signal.SIGHUP)
            self.wait_for(certificates_in(self.pairs[0][0]))
            live.expect("250", "NOOP")

    def test_files_that_will_not_do(self):
        server = self.start("one.example.test", "two.example.test")
        before = self.shown()
        self.pairs[0][1].write_text(self.pairs[1][1].read_text())  # another's key
        server.signal(signal.SIGHUP)
        end = time.monotonic() + talk.SECONDS
        while self.pairs[0][1].name not in server.log:
            self.assertLess(time.monotonic(), end, "nothing in the log")
            time.sleep(0.05)
        self.assertEqual(self.shown(), before)
        server.command("health")
        self.assertNotIn("PRIVATE KEY", server.log)

    def test_a_start_without_its_files(self):
        with self.assertRaisesRegex(AssertionError, "exit code 1.*\n(?s:.*)none.pem"):
            with Portico(certificates.tables((self.folder / "none.pem", self.folder / "none.key")),
                         (port("smtp", tls="implicit"),)):
                pass


def certificates_in(path):
    """A PEM file without what stands around the certificate."""
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(path.read_text().strip()))


class Crowd(TlsTest):
    config_extra = '[tls]\nhandshake_timeout = "2s"\n'

    def test_handshakes_while_others_are_served(self):
        context = self.context()

        def shake(number):
            with talk.smtp(self.smtps, tls=context) as session:
                talk.data(session, MESSAGE, [f"{number}.{self.mailbox}"])
                return talk.queued_id(session.reply())

        peers = [socket.create_connection(("127.0.0.1", self.smtps), talk.SECONDS)
                 for _ in range(100)]
        with talk.smtp(self.smtp) as clear, concurrent.futures.ThreadPoolExecutor(2) as pool:
            # A hundred hellos in the server's hands before the first of them reads its answer.
            sessions = []
            for peer in peers:
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
                with self.assertRaises(ssl.SSLWantReadError):
                    session.do_handshake()
                peer.sendall(outgoing.read())
                sessions.append((peer, incoming, outgoing, session))
            clear.expect("250", "NOOP")
            talk.data(clear, MESSAGE, [self.mailbox])
            talk.queued_id(clear.reply())
            others = [pool.submit(shake, number) for number in range(4)]
            for peer, incoming, outgoing, session in sessions:
                while True:
                    try:
                        session.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        incoming.write(peer.recv(1 << 16))
                peer.sendall(outgoing.read())
            for other in others:
                other.result()
            for peer, incoming, outgoing, session in sessions:
                session.write(b"QUIT\r\n")
                peer.sendall(outgoing.read())
            for peer, incoming, outgoing, session in sessions:
                said = b""
                while b"221 " not in said:
                    try:
                        said += session.read(1 << 16)
                    except ssl.SSLWantReadError:
                        piece = peer.recv(1 << 16)
                        self.assertTrue(piece, said)
                        incoming.write(piece)
                peer.close()

    def test_who_never_finishes_a_handshake(self):
        """Keeps nobody waiting, and is let go."""
        silent = [socket.create_connection(("127.0.0.1", number), talk.SECONDS)
                  for number in (self.smtps, self.pop3s, self.https) for _ in range(40)]
        halves = silent[::2]
        for peer in halves:
            peer.sendall(b"\x16\x03\x01\x02\x00\x01\x00")  # the start of a hello
        with talk.smtp(self.smtps, tls=self.context()) as session:
            talk.data(session, MESSAGE, [self.mailbox])
            talk.queued_id(session.reply())
        talk.deliver(self.smtp, MESSAGE, [self.mailbox])
        with self.started(self.pop3_stls) as session:
            session.expect("+OK", "CAPA")
        for peer in silent:
            try:
                while peer.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            peer.close()
        self.server.command("health")
