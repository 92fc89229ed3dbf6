"""Client x mechanism x TLS mode x protocol: every cell is a real run of a real client.

What came out is the table in tests/CLIENTS.md; it has to be what the runs here prove.
"""

import concurrent.futures
import email
import email.policy
import json
import os
import pathlib
import re
import smtplib
import tempfile
import unittest
from base64 import b64encode

import clients
import exim
import postfix
import recorder
import talk
from clients import MECHANISMS, TLS_MODES, Job
from harness import ROOT, Portico, port, rule
from test_clients import MESSAGE

TABLE = ROOT / "tests/CLIENTS.md"
PASSWORD = "pass word/1%+"
AT_ONCE = 4
TLS_NAMES = {"none": "none", "starttls": "STARTTLS", "implicit": "implicit"}


class PostfixClient(clients.Client):
    """Delivers all of its cells in one run, so that they need no start of their own."""
    name = "Postfix"
    protocols = ("smtp",)
    only_root = True
    lacks = {(None, None, "SCRAM-SHA-256-PLUS"): "Postfix hands no channel binding to Cyrus SASL"}

    def options(self, job):
        options = {"smtp_tls_security_level": "none" if job.tls == "none" else "verify"}
        if job.tls != "none":
            options |= {"smtp_tls_CAfile": job.ca, "smtp_tls_verify_cert_match": "hostname"}
        if job.tls == "implicit":
            options["smtp_tls_wrappermode"] = "yes"
        if job.mechanism:
            options |= {"smtp_sasl_auth_enable": "yes", "smtp_sasl_security_options": "noanonymous",
                        "smtp_sasl_mechanism_filter": job.mechanism.lower(),
                        "smtp_sasl_password_maps": f"static:{{{job.user}:{job.password}}}"}
        return options

    def run_all(self, jobs):
        routes = {job.recipient: (clients.HOST, job.port, self.options(job)) for job in jobs}
        with postfix.Postfix(routes) as server:
            for job in jobs:
                server.submit(job.sender, job.recipient, job.message)
            for job in jobs:
                server.wait(job.recipient)


class EximClient(clients.Client):
    name = "Exim"
    protocols = ("smtp",)
    only_root = True
    lacks = {(None, None, clients.SCRAM): "Debian's exim4-daemon-light is built without GNU SASL"}

    def check(self):
        if b"SCRAM-" in exim.binary().read_bytes():
            raise AssertionError("this Exim may know SCRAM")

    def send(self, job):
        options, authenticator = {}, ()
        if job.tls == "none":
            options["hosts_avoid_tls"] = "*"
        else:
            options |= {"hosts_require_tls": "*", "tls_verify_hosts": "*",
                        "tls_verify_certificates": job.ca}
        if job.tls == "implicit":
            options["protocol"] = "smtps"
        if job.mechanism:
            options["hosts_require_auth"] = "*"
            secret = {"PLAIN": f"client_send = ^{job.user}^{job.password}",
                      "LOGIN": f"client_send = : {job.user} : {job.password}",
                      "CRAM-MD5": f"client_name = {job.user}\nclient_secret = {job.password}"}
            driver = "cram_md5" if job.mechanism == "CRAM-MD5" else "plaintext"
            authenticator = ("login:", f"driver = {driver}", f"public_name = {job.mechanism}",
                             secret[job.mechanism])
        exim.deliver(job.folder, clients.HOST, job.port, job.sender, job.recipient,
                     job.unix_message, transport=options, authenticator=authenticator)


def table():
    """tests/CLIENTS.md, from what is run and what is not; the runs decide whether it is true."""
    reasons = []

    def number(reason):
        if reason not in reasons:
            reasons.append(reason)
        return f"({reasons.index(reason) + 1})"

    lines = ["# Clients", "",
             "Made by `e2e/test_matrix.py`. Every \"yes\" is a real run of that client, in that mode "
             "of TLS and with that", "mechanism: the mail arrived, and the server saw this login and "
             "no other. The same test fails if the table is not what", "its runs prove."]
    for protocol, title, login in (("smtp", "SMTP", "no login"), ("pop3", "POP3", "")):
        names = [mechanism or login for mechanism in MECHANISMS[protocol]]
        lines += ["", f"## {title}", "", f"| client | TLS | {' | '.join(names)} |",
                  "|---|---|" + "---|" * len(names)]
        for client in CLIENTS:
            if protocol not in client.protocols:
                continue
            runs = set(cells(client))
            for tls in TLS_MODES:
                row = []
                for mechanism in MECHANISMS[protocol]:
                    cell = protocol, tls, mechanism
                    if cell not in runs:
                        row.append("-")
                    elif reason := client.why_not(*cell):
                        row.append(number(reason))
                    elif reason := client.only_some(*cell):
                        row.append("yes " + number(reason))
                    else:
                        row.append("yes")
                name = "STLS" if (protocol, tls) == ("pop3", "starttls") else TLS_NAMES[tls]
                lines.append(f"| {client.name} | {name} | {' | '.join(row)} |")
    lines += ["", "## Extensions of SMTP", "", "| extension | RFC | client |", "|---|---|---|"]
    lines += [f"| {name} | {rfc} | {client} |" for name, (rfc, client) in EXTENSIONS.items()]
    lines += ["", "Postfix only receives by CHUNKING: up to 3.10 it sends no BDAT itself."]
    lines += ["", "## Notes", "", "Where there is no \"yes\": without TLS there is no channel to bind to (-), or", ""]
    lines += [f"{place}. {reason}" for place, reason in enumerate(reasons, 1)]
    return "\n".join(lines) + "\n"


CLIENTS = [clients.Curl(), clients.Swaks(), clients.Msmtp(), clients.Mpop(), clients.Fetchmail(),
           clients.Getmail(), clients.SNail(), clients.Mutt(), clients.Python(),
           clients.Nodemailer(), clients.NodePop3(), clients.SClient(), clients.Gsasl(),
           PostfixClient(), EximClient()]


def cells(client):
    """All that can be run with it, and its reasons for the rest."""
    for protocol in client.protocols:
        for tls in TLS_MODES:
            for mechanism in MECHANISMS[protocol]:
                if mechanism.endswith("-PLUS") and tls == "none":
                    continue  # there is no channel to bind to
                yield protocol, tls, mechanism


# What else a real client showed to work, by the test of that name; or why there is none.
EXTENSIONS = {"PIPELINING": ("2920", "Postfix"), "CHUNKING": ("3030", "Exim, Perl's Net::SMTP"),
              "BINARYMIME": ("3030", "Perl's Net::SMTP"), "DSN": ("3461", "msmtp"),
              "SMTPUTF8": ("6531", "Python's smtplib"), "SIZE": ("1870", "Postfix"),
              "8BITMIME": ("6152", "Postfix"), "STARTTLS": ("3207", "Postfix")}


def slug(client, cell):
    return re.sub(r"[^a-z0-9]+", "-", "-".join((client.name, *cell)).lower()).strip("-")


PORTS = {(protocol, auth, tls): port(protocol, tls=tls, **({"auth": auth} if auth else {}))
         for protocol, auth in (("smtp", "offered"), ("smtp", "required"), ("pop3", ""))
         for tls in TLS_MODES}


def configuration():
    accounts = "".join(f'[[account]]\nname = "{name}"\naddresses = ["{name}@example.test"]\n'
                       f'secret = "{PASSWORD}"\n' for name in
                       ["sender", *(slug(client, cell) for client in CLIENTS
                                    for cell in cells(client) if cell[0] == "pop3")])
    return f'[auth]\nmode = "listed"\n[log]\nformat = "json"\n{accounts}'


def extension_job(test, name, number):
    """A Job for one of the tests of extensions."""
    folder = test.folder / name
    folder.mkdir()
    return Job("smtp", "starttls" if number == test.ports["smtp", "offered", "starttls"] else "none",
               "", number, test.ca, "", "", "bo@example.net", f"{name}@example.test", MESSAGE, folder)


class Matrix(unittest.TestCase):
    """A test for each client, which runs its cells, some at once."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(
            Portico(configuration(), PORTS.values(), args=("--trace",)))
        cls.ports = dict(zip(PORTS, cls.server.listening))
        cls.folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="portico-matrix-")))
        cls.folder.chmod(0o755)  # Postfix reads the authority's certificate as a user of its own
        cls.ca = cls.folder / "ca.pem"
        cls.ca.write_text(cls.server.command("ca").stdout)
        cls.ran = set()   # cells that were run and came out well
        cls.lacked = set()  # that this version of the client cannot

    @classmethod
    def cells_of(cls, client):
        def test(self):
            client.check()
            ready = []
            for cell in cells(client):
                if client.why_not(*cell):
                    continue
                if client.only_some(*cell) and not client.here(*cell):
                    self.lacked.add((client.name, *cell))
                else:
                    ready.append(self.job(client, cell))
            if client.only_root and os.geteuid() != 0:
                self.lacked.update((client.name, job.protocol, job.tls, job.mechanism)
                                   for job in ready)
                self.skipTest(f"only root can run {client.name}")
            if hasattr(client, "run_all"):
                client.run_all(ready)
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                running = [(job, pool.submit(self.run_cell, client, job)) for job in ready]
            for job, result in running:
                with self.subTest(protocol=job.protocol, tls=job.tls, mechanism=job.mechanism):
                    result.result()
                    self.ran.add((client.name, job.protocol, job.tls, job.mechanism))
        test.__doc__ = f"All that {client.name} can."
        return test

    def job(self, client, cell):
        protocol, tls, mechanism = cell
        name = slug(client, cell)
        folder = self.folder / name
        folder.mkdir()
        auth = ("required" if mechanism else "offered") if protocol == "smtp" else ""
        return Job(protocol, tls, mechanism, self.ports[protocol, auth, tls], self.ca,
                   "sender" if protocol == "smtp" else name, PASSWORD, "bo@example.net",
                   f"{name}@example.test", MESSAGE, folder)

    def run_cell(self, client, job):
        if job.protocol == "smtp":
            if not hasattr(client, "run_all"):
                client.send(job)
            octets = self.delivered(job.recipient)
        else:
            talk.deliver(self.server.smtp, job.message, [job.recipient])
            octets = client.fetch(job)
        self.check_text(octets, job)
        self.check_conversation(job, octets)

    def delivered(self, recipient):
        listed = json.loads(self.server.command("mail", "ls", recipient, "--json").stdout)
        self.assertEqual(len(listed), 1, f"mail for {recipient}: {listed}")
        done = self.server.command("mail", "cat", listed[0]["id"])
        return done.stdout.encode(errors="surrogateescape")

    def check_text(self, octets, job):
        """The text is the one sent, whatever the client made of the header."""
        octets = octets.replace(b"\r\n", b"\n")
        octets = re.sub(rb"\AFrom [^\n]*\n", b"", octets)  # of a box in mbox format
        message = email.message_from_bytes(octets, policy=email.policy.default)
        text = message.get_payload(decode=True).decode()
        self.assertEqual(text.rstrip("\n"), job.body.decode().rstrip("\n"))

    def check_conversation(self, job, octets):
        """As the server saw it: by this way and no other."""
        lines = self.conversation(job)
        said = [line[3:].upper() for line in lines if line.startswith("C: ")]
        logins = [line.split(" ")[:2] for line in said
                  if line.split(" ")[0] in ("AUTH", "USER", "APOP")]
        wanted = [job.mechanism] if job.mechanism in ("USER", "APOP") else ["AUTH", job.mechanism]
        if not job.mechanism:
            self.assertEqual(logins, [], lines)
        else:
            # Some ask for an AUTH that is not there first; what counts is the one accepted.
            self.assertEqual(logins[-1][:len(wanted)], wanted, lines)
        start = "STLS" if job.protocol == "pop3" else "STARTTLS"
        self.assertEqual(said.count(start), job.tls == "starttls", lines)
        if job.protocol == "smtp":
            greeting = [line for line in said if line[:5] in ("EHLO ", "HELO ")][-1]
            kind = "SMTP"  # of HELO (s-nail without a login): no word for more
            if greeting.startswith("EHLO"):  # UTF8: of msmtp in Debian 13, which asks for it
                kind = "(E|UTF8)SMTP" + "S" * (job.tls != "none") + "A" * bool(job.mechanism)
            self.assertRegex(talk.without_trace(octets)[0][1].decode(), rf"\swith {kind}\s")

    def conversation(self, job):
        """The trace of the connection in which the mail was sent, or its maildrop opened."""
        if job.protocol == "smtp":
            words = json.loads(self.server.command(
                "mail", "ls", job.recipient, "--json").stdout)[0]["id"]
        else:
            words = f"logged in to {job.user}@"
        whole, _, _ = self.server.log.rpartition("\n")  # of the last line there may be only a part yet
        events = [json.loads(line) for line in whole.splitlines()]
        numbers = [event["connection"] for event in events
                   if words in event["message"] and event["service"] == job.protocol]
        # The first: an operator's command may have read it since.
        start = f"#{numbers[0]} "
        return [line[len(start):] for line in self.server.out.splitlines() if line.startswith(start)]

    @rule("2920", "3.1", "A client may send MAIL, RCPT and DATA at once")
    def test_extensions_of_postfix(self):
        """MAIL, RCPT and DATA in one write, seen from between; STARTTLS; and BDAT if it had it."""
        self.assertFalse(postfix.speaks_bdat(), "this Postfix sends BDAT: show it, and say so")
        with recorder.Recorder(self.ports["smtp", "offered", "none"]) as between:
            clear = extension_job(self, "postfix-clear", between.port)
            sealed = extension_job(self, "postfix-sealed", self.ports["smtp", "offered", "starttls"])
            routes = {clear.recipient: (clients.HOST, clear.port, {"smtp_tls_security_level": "none"}),
                      sealed.recipient: (clients.HOST, sealed.port, PostfixClient().options(sealed))}
            with postfix.Postfix(routes) as server:
                for job in (clear, sealed):
                    server.submit(job.sender, job.recipient, job.message)
                for job in (clear, sealed):
                    server.wait(job.recipient)
        self.assertTrue(any(re.fullmatch(rb"MAIL FROM:[^\r]*\r\nRCPT TO:[^\r]*\r\nDATA\r\n", piece)
                            for piece in between.pieces), between.pieces)
        for job in (clear, sealed):
            self.check_text(self.delivered(job.recipient), job)
            [mail] = [line for line in self.conversation(job) if line.startswith("C: MAIL")]
            self.assertRegex(mail, r" SIZE=\d+")
            self.assertIn(" BODY=8BITMIME", mail)
        self.assertIn("C: STARTTLS", self.conversation(sealed))
        self.showed("PIPELINING", "SIZE", "8BITMIME", "STARTTLS")

    @rule("3030", "2", "CHUNKING: an MTA delivers by BDAT, in clear and after STARTTLS")
    @rule("2920", "3.1", "A client may send MAIL, RCPT and BDAT at once")
    def test_extensions_of_exim(self):
        """BDAT in one write with MAIL and RCPT, seen from between; and a large one in many chunks."""
        if os.geteuid() != 0:
            self.skipTest("only root can run Exim")
        sealed = extension_job(self, "exim-sealed", self.ports["smtp", "offered", "starttls"])
        with recorder.Recorder(self.ports["smtp", "offered", "none"]) as between:
            clear = extension_job(self, "exim-clear", between.port)
            large = extension_job(self, "exim-large", between.port)
            large.message += b"a line of a message that takes more than one chunk\r\n" * 20_000
            for job in (clear, sealed, large):
                EximClient().send(job)
        self.assertTrue(any(re.match(rb"MAIL FROM:[^\r]*\r\nRCPT TO:[^\r]*\r\nBDAT \d+", piece)
                            for piece in between.pieces), between.pieces[:9])
        for job in (clear, sealed, large):
            octets = self.delivered(job.recipient)
            self.check_text(octets, job)
            lines = self.conversation(job)
            chunks = [line for line in lines if line.startswith("C: BDAT ")]
            self.assertRegex(chunks[-1], r"C: BDAT \d+ LAST")
            self.assertEqual(sum(int(line.split()[2]) for line in chunks),
                             len(talk.without_trace(octets)[1]))
            self.assertGreater(len(chunks), 1 if job is large else 0)
            self.assertNotIn("C: DATA", lines)
        self.assertIn("C: STARTTLS", self.conversation(sealed))
        self.showed("CHUNKING")

    @rule("3030", "3", "BINARYMIME: a message of any octets, sent by BDAT, is stored as it is")
    def test_extensions_of_net_smtp(self):
        """BDAT, for a message of all octets there are."""
        job = extension_job(self, "net-smtp", self.ports["smtp", "offered", "none"])
        message = b"Subject: octets\r\n\r\n" + bytes(range(256)) * 50
        path = job.file("mail", message)
        job.run("perl", "-MNet::SMTP", "-e", """
            my ($port, $from, $to, $path) = @ARGV;
            open my $file, '<:raw', $path or die;
            read $file, my $first, 5000;
            read $file, my $rest, 1000000;
            my $session = Net::SMTP->new('localhost', Port => $port, Hello => 'client.example.net')
                or die $@;
            $session->mail($from, Bits => 'binary') && $session->to($to)
                && $session->bdat($first) && $session->bdatlast($rest) or die $session->message;
            $session->quit;
            """, str(job.port), job.sender, job.recipient, path)
        self.assertEqual(talk.without_trace(self.delivered(job.recipient))[1], message)
        lines = self.conversation(job)
        self.assertTrue(any("BODY=BINARYMIME" in line for line in lines), lines)
        self.assertTrue(any(re.fullmatch(r"C: BDAT \d+ LAST", line) for line in lines), lines)
        self.showed("CHUNKING", "BINARYMIME")

    @rule("3461", "4", "RET and NOTIFY are taken from a client that sends them")
    def test_extensions_of_msmtp(self):
        job = extension_job(self, "msmtp-dsn", self.ports["smtp", "offered", "none"])
        job.run("msmtp", f"--host={clients.HOST}", f"--port={job.port}", "--tls=off", "--auth=off",
                "--domain=client.example.net", f"--from={job.sender}", "--dsn-notify=failure,delay",
                "--dsn-return=headers", job.recipient, input=job.unix_message)
        self.check_text(self.delivered(job.recipient), job)
        lines = self.conversation(job)
        self.assertTrue(any(line.startswith("C: MAIL") and " RET=HDRS" in line for line in lines), lines)
        self.assertTrue(any(line.startswith("C: RCPT") and " NOTIFY=" in line for line in lines), lines)
        self.showed("DSN")

    @rule("6531", "3.3", "Addresses and header fields in UTF-8")
    def test_extensions_of_smtplib(self):
        job = extension_job(self, "smtplib-utf8", self.ports["smtp", "offered", "none"])
        recipient = "jörg@example.test"
        message = "Subject: Grüße, 東京\r\n\r\ntext\r\n".encode()
        with smtplib.SMTP(clients.HOST, job.port, timeout=talk.SECONDS) as session:
            session.sendmail(job.sender, [recipient], message, ["SMTPUTF8", "BODY=8BITMIME"])
        octets = self.delivered(recipient)
        self.assertEqual(talk.without_trace(octets)[1], message)
        self.assertIn(b"with UTF8SMTP", octets)
        self.showed("SMTPUTF8")

    def showed(self, *extensions):
        self.ran.update(("extension", name, "", "") for name in extensions)

    def test_zz_no_secret_was_written_down(self):
        secrets = [PASSWORD, b64encode(PASSWORD.encode()).decode().rstrip("="),
                   b64encode(f"\0sender\0{PASSWORD}".encode()).decode()]
        for client in CLIENTS:
            for cell in cells(client):
                login = f"\0{slug(client, cell)}\0{PASSWORD}"
                secrets.append(b64encode(login.encode()).decode())
        for where, text in (("log", self.server.log), ("trace", self.server.out)):
            for secret in secrets:
                self.assertFalse(secret in text, f"a secret is in the {where}")

    def test_zzz_the_table_is_what_was_proved(self):
        """Runs last: cells of tests that were not run are taken as they are in the table."""
        known = self.ran | self.lacked
        wanted = [(client.name, *cell) for client in CLIENTS for cell in cells(client)
                  if not client.why_not(*cell)]
        wanted += [("extension", name, "", "") for name in EXTENSIONS]
        missing = [cell for cell in wanted if cell not in known]
        if missing:
            self.skipTest(f"{len(missing)} cells were not run, as {missing[0]}")
        text = table()
        if TABLE.exists() and TABLE.read_text() == text:
            return
        new = ROOT / "build" / TABLE.name
        new.write_text(text)
        self.fail(f"{TABLE.name} is not what these runs prove: cp {new} {TABLE}")


for one in CLIENTS:
    setattr(Matrix, "test_" + re.sub(r"\W+", "_", one.name.lower()), Matrix.cells_of(one))
