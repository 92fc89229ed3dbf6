"""Logins as the wire has them, in SMTP and POP3 alike; and the pace of those who guess.

SCRAM is done here once more, so that libraries are not the only judges of each other.
"""

import contextlib
import hashlib
import hmac
import os
import re
import select
from base64 import b64decode, b64encode

import certificates
import talk
from harness import Portico, ServerTest, default_binary, port, rule, run

MESSAGE = b"Subject: with a login\r\n\r\ntext\r\n"
SECRET = "pencil and paper, ü"
PASSWORD = "not in the clear 7"
ACCOUNTS = f"""
[auth]
mode = "listed"
[[account]]
name = "ana"
addresses = ["ana@example.test", "*@example.test"]
secret = "{SECRET}"
[[account]]
name = "bob"
addresses = ["bob@example.test"]
password = 'HASH'
"""
PORTS = (port("smtp", auth="required"), port("smtp", auth="required", tls="starttls"),
         port("pop3"), port("pop3", tls="starttls"), port("smtp"))


def accounts(more=""):
    hashed = run([default_binary(), "passwd"], input=PASSWORD + "\n").stdout.strip()
    return ACCOUNTS.replace("HASH", hashed).replace("[[account]]", more + "[[account]]", 1)


def coded(octets):
    return b64encode(octets if isinstance(octets, bytes) else octets.encode()).decode()


class Login:
    """One session of either protocol, and how it puts what SASL leaves open."""

    def __init__(self, protocol, number):
        self.protocol = protocol
        self.session = talk.Talk(number)
        self.capabilities = talk.capabilities(self.session)
        self.accepted, self.go_on = ("235 2.7.0", "334 ") if protocol == "smtp" else ("+OK", "+ ")
        self.wrong = "535 5.7.8" if protocol == "smtp" else "-ERR [AUTH]"
        self.malformed = "501" if protocol == "smtp" else "-ERR"

    def secure(self):
        self.session.expect("220" if self.protocol == "smtp" else "+OK",
                            "STARTTLS" if self.protocol == "smtp" else "STLS")
        self.session.secure(certificates.anything())
        self.capabilities = talk.capabilities(self.session)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Only when the server has ended it is the maildrop free for the next.
        with contextlib.suppress(OSError):
            self.session.send("QUIT\r\nQUIT\r\n")
            while self.session.socket.recv(1 << 16):
                pass
        self.session.close()

    @property
    def offered(self):
        return self.capabilities.get("AUTH" if self.protocol == "smtp" else "SASL", "").split()

    def expect(self, start, command):
        return self.session.expect(start, command)

    def challenge(self, command):
        """What the server wants answered."""
        return b64decode(self.expect(self.go_on, command)[len(self.go_on):], validate=True)

    def works(self):
        """Logged in, for what comes after."""
        if self.protocol == "smtp":
            talk.data(self.session, MESSAGE)
            talk.queued_id(self.session.reply())
        else:
            self.expect("+OK", "STAT")


class Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

    def __init__(self, user, password, gs2="n,,", binding=b""):
        self.password = password.encode()
        self.gs2 = gs2.encode()
        self.binding = binding
        self.nonce = coded(os.urandom(18))
        self.bare = f"n={user},r={self.nonce}".encode()

    @property
    def first(self):
        return self.gs2 + self.bare

    def final(self, server_first):
        parts = dict(part.split("=", 1) for part in server_first.decode().split(","))
        if not parts["r"].startswith(self.nonce) or parts["r"] == self.nonce:
            raise AssertionError(f"the server's nonce: {server_first}")
        if int(parts["i"]) < 4096:
            raise AssertionError(f"few iterations: {server_first}")
        salted = hashlib.pbkdf2_hmac("sha256", self.password, b64decode(parts["s"]), int(parts["i"]))
        without_proof = f"c={coded(self.gs2 + self.binding)},r={parts['r']}".encode()
        said = self.bare + b"," + server_first + b"," + without_proof
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self.server_final = b"v=" + b64encode(hmac.digest(server_key, said, "sha256"))
        return without_proof + b",p=" + b64encode(proof)


class AuthTest(ServerTest):
    ports = PORTS
    args = ("--trace",)
    more = ""

    @classmethod
    def setUpClass(cls):
        cls.config_extra = accounts(cls.more)
        super().setUpClass()
        cls.smtp, cls.smtp_starttls, cls.pop3, cls.pop3_stls, cls.smtp_offered = cls.server.listening

    @classmethod
    def tearDownClass(cls):
        secrets = [SECRET, PASSWORD, "guess of"]
        secrets += [coded(text)[:-4] for text in (
            SECRET, PASSWORD, f"\0ana\0{SECRET}", f"\0bob\0{PASSWORD}", "\0ana\0guess of")]
        for where in ("log", "out"):
            for secret in secrets:
                if secret in getattr(cls.server, where):
                    raise AssertionError(f"{secret} is in the server's {where}")
        super().tearDownClass()

    def each(self, secure=False):
        """A session of either protocol, with or without TLS."""
        numbers = (self.smtp_starttls, self.pop3_stls) if secure else (self.smtp, self.pop3)
        for protocol, number in zip(("smtp", "pop3"), numbers):
            with Login(protocol, number) as login:
                if secure:
                    login.secure()
                yield login


class Exchanges(AuthTest):
    @rule("4954", "4", "AUTH PLAIN with an initial response, or with the response to an empty challenge")
    @rule("5034", "4", "AUTH PLAIN with an initial response, or with the response to an empty challenge")
    def test_plain(self):
        for password, user in ((SECRET, "ana"), (PASSWORD, "bob")):
            for login in self.each():
                login.expect(login.accepted, f"AUTH PLAIN {coded(f'{chr(0)}{user}{chr(0)}{password}')}")
                login.works()
            for login in self.each():
                self.assertEqual(login.challenge("auth plain"), b"")
                login.expect(login.accepted, coded(f"\0{user}\0{password}"))
                login.works()

    @rule("4616", "2", "Whoever logs in may name as authorization identity only who they are")
    def test_plain_for_another(self):
        for login in self.each():
            login.expect(login.accepted, f"AUTH PLAIN {coded(f'ana{chr(0)}ana{chr(0)}{SECRET}')}")
        for login in self.each():
            login.expect(login.wrong, f"AUTH PLAIN {coded(f'bob{chr(0)}ana{chr(0)}{SECRET}')}")

    def test_login(self):
        for login in self.each():
            login.challenge("AUTH LOGIN")
            login.challenge(coded("bob"))
            login.expect(login.accepted, coded(PASSWORD))
            login.works()
        for login in self.each():  # the user's name as initial response
            login.challenge(f"AUTH LOGIN {coded('bob')}")
            login.expect(login.accepted, coded(PASSWORD))

    @rule("2195", "2", "CRAM-MD5: the answer is the user's name and the digest of the challenge")
    def test_cram_md5(self):
        for login in self.each():
            challenge = login.challenge("AUTH CRAM-MD5")
            self.assertRegex(challenge, rb"\A<[^<>]+@[^<>]+>\Z")
            digest = hmac.new(SECRET.encode(), challenge, "md5").hexdigest()
            login.expect(login.accepted, coded(f"ana {digest}"))
            login.works()
        for login in self.each():
            first = login.challenge("AUTH CRAM-MD5")
            digest = hmac.new(SECRET.encode(), first, "md5").hexdigest()
            login.expect(login.malformed, "*")
            self.assertNotEqual(login.challenge("AUTH CRAM-MD5"), first)
            login.expect(login.wrong, coded(f"ana {digest}"))

    @rule("5802", "3", "SCRAM: the server proves that it knows the secret, too")
    @rule("7677", "3", "SCRAM-SHA-256")
    def test_scram(self):
        for secure in (False, True):
            for login in self.each(secure):
                scram = Scram("ana", SECRET)
                first = login.challenge(f"AUTH SCRAM-SHA-256 {coded(scram.first)}")
                self.assertEqual(login.challenge(coded(scram.final(first))), scram.server_final)
                login.expect(login.accepted, "")
                login.works()
        for login in self.each():
            self.assertEqual(login.challenge("AUTH SCRAM-SHA-256"), b"")
            scram = Scram("ana", SECRET)
            first = login.challenge(coded(scram.first))
            login.challenge(coded(scram.final(first)))
            login.expect(login.accepted, "")

    @rule("5802", "6", "A client that thinks -PLUS was not offered, where it was, is told that somebody meddles")
    def test_scram_downgrade(self):
        for login in self.each(secure=True):
            self.assertIn("SCRAM-SHA-256-PLUS", login.offered)
            scram = Scram("ana", SECRET, gs2="y,,")
            reply = login.session.ask(f"AUTH SCRAM-SHA-256 {coded(scram.first)}")
            if reply.startswith(login.go_on):
                reply = login.session.ask(coded(scram.final(b64decode(reply[len(login.go_on):]))))
            self.assertTrue(reply.startswith(login.wrong), reply)

    @rule("5802", "6", "-PLUS with the data of another channel is refused")
    def test_scram_on_another_channel(self):
        for login in self.each(secure=True):
            scram = Scram("ana", SECRET, gs2="p=tls-exporter,,", binding=b"x" * 32)
            first = login.challenge(f"AUTH SCRAM-SHA-256-PLUS {coded(scram.first)}")
            login.expect(login.wrong, coded(scram.final(first)))

    @rule("1939", "7", "APOP: the digest of the greeting's timestamp and the secret")
    def test_apop(self):
        with talk.Talk(self.pop3) as session:
            timestamp = re.search(r"<[^<>]+@[^<>]+>", session.greeting)[0]
            digest = hashlib.md5((timestamp + SECRET).encode()).hexdigest()
            session.expect("-ERR [AUTH]", f"APOP ana {hashlib.md5(b'guess of').hexdigest()}")
            session.expect("-ERR [AUTH]", f"APOP bob {digest}")
            session.expect("+OK", f"APOP ana {digest}")
            session.expect("+OK", "STAT")
            with talk.Talk(self.pop3) as other:
                self.assertNotIn(timestamp, other.greeting)

    @rule("4954", "4", '"*" cancels an exchange, and another may begin')
    @rule("5034", "4", '"*" cancels an exchange, and another may begin')
    def test_cancelled(self):
        for login in self.each():
            for command in ("AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH SCRAM-SHA-256"):
                login.expect(login.go_on, command)
                login.expect(login.malformed, "*")
            login.expect(login.accepted, f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")

    @rule("4954", "4", "What is no base64 is answered 501; an over-long line 500")
    def test_malformed(self):
        for response in ("no base64!", "AGFuYQ", "AGFuYQ=A", "=", "====", "\xfc", coded("no nul"),
                         coded("\0ana"), coded("\0\0\0\0")):
            for login in self.each():
                reply = login.session.ask(f"AUTH PLAIN {response}")
                self.assertRegex(reply, r"\A(501|535|-ERR) ", response)
                login.expect(login.go_on, "AUTH PLAIN")
                reply = login.session.ask(response)
                self.assertRegex(reply, r"\A(501|535|-ERR) ", response)
                login.expect(login.accepted, f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")
        for login in self.each():
            login.expect(login.go_on, "AUTH PLAIN")
            reply = login.session.ask("QUJD" * 5000)
            self.assertRegex(reply, r"\A(500|501|-ERR) ")
            login.expect(login.accepted, f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")

    @rule("4954", "4", "An unknown mechanism is 504; a second AUTH, or one within a transaction, 503")
    def test_out_of_place(self):
        with Login("smtp", self.smtp_offered) as login:
            login.expect("504", "AUTH GSSAPI")
            login.expect("501", "AUTH")
            login.expect("250", "MAIL FROM:<bo@example.net>")
            login.expect("503", f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")
            login.expect("250", "RSET")
            login.expect("235", f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")
            login.expect("503", f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")
        with Login("pop3", self.pop3) as login:
            login.expect("-ERR", "AUTH GSSAPI")
            login.expect("+OK", f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")
            login.expect("-ERR", f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")


class Offers(AuthTest):
    @rule("4954", "3", "EHLO announces exactly the mechanisms that work")
    @rule("5034", "6", "CAPA announces exactly the mechanisms that work")
    def test_listed(self):
        for login in self.each():
            self.assertEqual(set(login.offered), {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"})
        for login in self.each(secure=True):
            self.assertEqual(set(login.offered), {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256",
                                                  "SCRAM-SHA-256-PLUS"})

    def test_any(self):
        """Only what can be checked without knowing the password."""
        with Portico(ports=PORTS) as server:
            for protocol, number in (("smtp", server.listening[0]), ("pop3", server.listening[2])):
                with Login(protocol, number) as login:
                    self.assertEqual(login.offered, ["PLAIN", "LOGIN"])
                    for mechanism in ("CRAM-MD5", "SCRAM-SHA-256"):
                        self.assertRegex(login.session.ask(f"AUTH {mechanism}"), r"\A(504|-ERR)")
                    if protocol == "pop3":
                        self.assertNotRegex(login.session.greeting, r"<[^<>]+@[^<>]+>")
                        self.assertIn("USER", login.capabilities)
                        login.expect("-ERR", f"APOP ana {'0' * 32}")
                    login.expect(login.accepted, f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}any')}")
                    login.works()

    def test_no_plain_text_in_clear(self):
        with Portico(accounts("allow_plaintext = false\n"), PORTS, args=("--trace",)) as server:
            _, smtp, _, pop3, _ = server.listening
            for protocol, number in (("smtp", smtp), ("pop3", pop3)):
                with self.subTest(protocol=protocol), Login(protocol, number) as login:
                    self.assertEqual(set(login.offered), {"CRAM-MD5", "SCRAM-SHA-256"})
                    if protocol == "pop3":
                        self.assertNotIn("USER", login.capabilities)
                        login.expect("-ERR", "USER ana")
                    for mechanism in ("PLAIN", "LOGIN"):
                        self.assertRegex(login.session.ask(
                            f"AUTH {mechanism} {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}"),
                            r"\A(538 5\.7\.11|504 5\.5\.4|-ERR) ")
                    login.secure()
                    self.assertEqual(set(login.offered), {
                        "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"})
                    login.expect(login.accepted,
                                 f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")
                    login.works()
            for secret in (SECRET, coded(f"\0ana\0{SECRET}")[:-4]):
                self.assertNotIn(secret, server.log + server.out)

    def test_off(self):
        with Portico(ports=(port("smtp", auth="off"),)) as server, Login("smtp", server.smtp) as login:
            self.assertEqual(login.offered, [])
            self.assertRegex(login.session.ask("AUTH PLAIN AGFuYQBhbnk="), r"\A50[0234] ")
            login.works()


class Submission(AuthTest):
    @rule("4954", "6", "Where a login is required, MAIL without one is 530")
    def test_login_is_required(self):
        with talk.smtp(self.smtp) as session:
            session.expect("530 5.7.0", "MAIL FROM:<bo@example.net>")
            session.expect("503", "RCPT TO:<ana@example.test>")
            session.expect("250", "NOOP")
            session.expect("235", f"AUTH PLAIN {coded(f'{chr(0)}bob{chr(0)}{PASSWORD}')}")
            talk.data(session, MESSAGE, [self.mailbox])
            id = talk.queued_id(session.reply())
        fields, _ = talk.without_trace(self.server.command("mail", "cat", id).stdout.encode())
        self.assertRegex(fields[1], rb"\swith ESMTPA\s")

    @rule("6409", "8", "Date and Message-ID are added to a submitted message that has none")
    def test_fix_ups(self):
        with talk.smtp(self.smtp) as submission, talk.smtp(self.smtp_offered) as relay:
            for session in (submission, relay):
                session.expect("235", f"AUTH PLAIN {coded(f'{chr(0)}bob{chr(0)}{PASSWORD}')}")
            whole = b"Date: Mon, 2 Jan 2034 03:04:05 +0000\r\nMessage-ID: <1@x.example>\r\n" + MESSAGE
            stored = []
            for session, message in ((submission, MESSAGE), (submission, whole), (relay, MESSAGE)):
                talk.data(session, message, [self.mailbox])
                id = talk.queued_id(session.reply())
                octets = self.server.command("mail", "cat", id).stdout.encode()
                stored.append(talk.without_trace(octets)[1])
        self.assertRegex(stored[0], rb"(?m)^Date: \w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r$")
        self.assertRegex(stored[0], rb"(?m)^Message-ID: <[^<>@\s]+@[^<>@\s]+>\r$")
        self.assertTrue(stored[0].endswith(MESSAGE.partition(b"\r\n")[2]))
        self.assertEqual(stored[1:], [whole, MESSAGE])


class Guessing(AuthTest):
    more = 'failure_delay_max = "30s"\ndelay_loopback = true\nfailures_per_session = 3\n'

    def test_a_right_password_waits_for_nobody(self):
        with contextlib.ExitStack() as stack:
            guessers = [Login("pop3", self.pop3) for _ in range(8)]
            for guesser in guessers:
                stack.callback(guesser.session.close)  # they would wait for half a minute
                guesser.session.send(f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}guess of')}\r\n")
            while self.server.log.count("failed") < len(guessers):
                select.select([], [], [], 0.05)
            for protocol, number in (("smtp", self.smtp), ("pop3", self.pop3)):
                with Login(protocol, number) as login:
                    login.expect(login.accepted, f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}{SECRET}')}")
                    login.works()
            ready = select.select([guesser.session.socket for guesser in guessers], [], [], 0)[0]
            self.assertLess(len(ready), len(guessers), "no guess was answered late")


class Failures(AuthTest):
    more = "failures_per_session = 3\n"

    @rule("4954", "4", "After so many failures the session ends")
    def test_a_session_ends(self):
        for login in self.each():
            for mechanism in ("PLAIN", "SCRAM-SHA-256"):
                if mechanism == "PLAIN":
                    login.expect(login.wrong,
                                 f"AUTH PLAIN {coded(f'{chr(0)}ana{chr(0)}guess of')}")
                else:
                    scram = Scram("ana", "guess of")
                    first = login.challenge(f"AUTH SCRAM-SHA-256 {coded(scram.first)}")
                    login.expect(login.wrong, coded(scram.final(first)))
            last = login.session.ask(f"AUTH PLAIN {coded(f'{chr(0)}nobody{chr(0)}guess of')}")
            if login.protocol == "smtp" and last.startswith("535"):
                last = login.session.reply()
            self.assertRegex(last, r"\A(421 4\.7\.0|-ERR) ")
            self.assertTrue(login.session.at_end())

    def test_unknown_users_are_answered_alike(self):
        def answers(user):
            said = []
            for login in self.each():
                said.append(login.session.ask(f"AUTH PLAIN {coded(f'{chr(0)}{user}{chr(0)}guess of')}"))
                scram = Scram(user, "guess of")
                first = login.challenge(f"AUTH SCRAM-SHA-256 {coded(scram.first)}")
                said.append(re.sub(rb"(?<=[rs]=)[^,]+", b"", first))
                said.append(login.session.ask(coded(scram.final(first))))
            return said
        self.assertEqual(answers("ana"), answers("nobody"))
        for user in ("ana", "nobody"):  # the salt is always the same, as of one who exists
            salts = set()
            for login in self.each():
                first = login.challenge(f"AUTH SCRAM-SHA-256 {coded(Scram(user, '').first)}")
                salts.add(re.search(rb"s=([^,]+)", first)[1])
            self.assertEqual(len(salts), 1)
