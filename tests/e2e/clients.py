"""The mail clients of the matrix, each as a class that says what it can do and does it.

    send(job)   sends job.message by SMTP to job.recipient
    fetch(job)  returns the one message of job's maildrop, fetched by POP3

In all three modes of TLS, where there is TLS the server's certificate is checked against job.ca.
"""

import contextlib
import functools
import json
import os
import pathlib
import poplib
import pty
import re
import select
import smtplib
import ssl
import subprocess
import termios
import threading
import time
import urllib.parse
from base64 import b64encode
from dataclasses import dataclass

from harness import ROOT, program, run

HOST = "localhost"
NPM = ROOT / "build/npm"
SECONDS = 40  # for one run of a client


@dataclass
class Job:
    """One cell: what to do, and a folder of its own to do it in."""
    protocol: str   # "smtp" or "pop3"
    tls: str        # "none", "starttls" (of POP3: STLS) or "implicit"
    mechanism: str  # "" of SMTP: without a login; of POP3 also "USER" and "APOP"
    port: int
    ca: pathlib.Path
    user: str
    password: str
    sender: str
    recipient: str
    message: bytes  # with CRLF
    folder: pathlib.Path

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return path

    @property
    def unix_message(self):
        return self.message.replace(b"\r\n", b"\n")

    @property
    def body(self):
        return self.unix_message.partition(b"\n\n")[2]

    @property
    def environment(self):
        """Of a user who has nothing at home but what the test puts there."""
        return {**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "NO_PROXY": "*",
                "TERM": "xterm"}

    def run(self, name, *arguments, input=b"", codes=(0,)):
        done = run([program(name), *arguments], input=input, check=False, cwd=self.folder,
                   env=self.environment)
        if done.returncode not in codes:
            raise AssertionError(f"{name} ended with exit code {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done.stdout

    def url(self, scheme, *, tls="s"):
        """With the login in it, if there is one."""
        login = "".join(urllib.parse.quote(part, safe="") + end
                        for part, end in ((self.user, ":"), (self.password, "@")))
        return (scheme + (tls if self.tls == "implicit" else "")
                + f"://{login if self.mechanism else ''}{HOST}:{self.port}")


SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS")
MECHANISMS = {"smtp": ("", "PLAIN", "LOGIN", "CRAM-MD5", *SCRAM),
              "pop3": ("USER", "APOP", "PLAIN", "LOGIN", "CRAM-MD5", *SCRAM)}
TLS_MODES = ("none", "starttls", "implicit")


class Client:
    """What a client cannot do is in `lacks`: reasons by (protocol, TLS mode, mechanism), None for
    any of them; the first that fits counts. What only some versions can is in `some`: there the
    text says which, and here(...) whether it is this one. All else is run.
    """
    name = ""
    protocols = ("smtp", "pop3")
    only_root = False  # can run it
    lacks = {}
    some = {}

    def why_not(self, *cell):
        return first(self.lacks, cell)

    def only_some(self, *cell):
        return first(self.some, cell)

    def here(self, *cell):
        return True

    def check(self):
        """Whether the reasons still hold, where that is easily seen."""


def first(table, cell):
    for key, reason in table.items():
        if all(part is None or value in (part if isinstance(part, tuple) else (part,))
               for part, value in zip(key, cell)):
            return reason
    return None


class Curl(Client):
    name = "curl"
    lacks = {(None, None, SCRAM): "Debian builds curl without GSASL",
             ("pop3", None, "USER"): "curl cannot be told to pass over SASL and APOP"}

    def check(self):
        if "gsasl" in run([program("curl"), "--version"]).stdout:
            raise AssertionError("this curl has GSASL: let it show what it can")
    def curl(self, job, *arguments):
        more = ["--cacert", job.ca] if job.tls != "none" else []
        if job.tls == "starttls":
            more.append("--ssl-reqd")
        if job.mechanism:
            # What is no SASL has a plus (curl's own notation).
            word = "+APOP" if job.mechanism == "APOP" else job.mechanism
            more += ["--user", f"{job.user}:{job.password}", "--login-options", f"AUTH={word}"]
        scheme = job.protocol + ("s" if job.tls == "implicit" else "")
        return job.run("curl", "--silent", "--show-error", "--max-time", str(SECONDS), *more,
                       *arguments[1:], f"{scheme}://{HOST}:{job.port}/{arguments[0]}")

    def send(self, job):
        self.curl(job, "client.example.net", "--mail-from", job.sender, "--mail-rcpt",
                  job.recipient, "--upload-file", job.file("mail", job.message))

    def fetch(self, job):
        return self.curl(job, "1").encode(errors="surrogateescape")


class Swaks(Client):
    name = "swaks"
    protocols = ("smtp",)
    lacks = {(None, None, SCRAM): "swaks has no SCRAM"}

    def send(self, job):
        tls = {"none": [], "starttls": ["--tls"], "implicit": ["--tls-on-connect"]}[job.tls]
        if tls:
            tls += ["--tls-verify", "--tls-ca-path", job.ca]
        login = ["--auth", job.mechanism, "--auth-user", job.user, "--auth-password",
                 job.password] if job.mechanism else []
        job.run("swaks", "--server", HOST, "--port", str(job.port), "--helo",
                "client.example.net", "--from", job.sender, "--to", job.recipient, *tls, *login,
                "--data", f"@{job.file('mail', job.unix_message)}")


class Msmtp(Client):
    name = "msmtp"
    program = "msmtp"
    protocols = ("smtp",)
    some = {(None, None, "SCRAM-SHA-256-PLUS"): "Debian 13's; Debian 12's msmtp and mpop have no -PLUS",
            (None, ("starttls", "implicit"), "SCRAM-SHA-256"):
                "Debian 12's; under TLS, Debian 13's msmtp and mpop have only -PLUS"}

    def here(self, protocol, tls, mechanism):
        return ("scram-sha-256-plus" in known_to(self.program)) == mechanism.endswith("-PLUS")

    def configuration(self, job):
        lines = ["account default", f"host {HOST}", f"port {job.port}"]
        lines.append(f"tls {'off' if job.tls == 'none' else 'on'}")
        if job.tls != "none":
            lines += [f"tls_starttls {'on' if job.tls == 'starttls' else 'off'}",
                      f'tls_trust_file "{job.ca}"']
        if job.mechanism:
            lines += [f"auth {job.mechanism.lower()}", f'user "{job.user}"',
                      f'password "{job.password}"']
        return lines

    def send(self, job):
        lines = self.configuration(job) + ["domain client.example.net", f"from {job.sender}"]
        config = job.file("msmtprc", "\n".join(lines) + "\n")
        job.run("msmtp", f"--file={config}", job.recipient, input=job.unix_message)


@functools.cache
def known_to(name):
    """The login methods that msmtp or mpop says it has."""
    said = run([program(name), "--version"]).stdout
    return said.partition("Supported authentication methods:")[2].split("\n")[1].split()


class Mpop(Msmtp):
    name = "mpop"
    program = "mpop"
    protocols = ("pop3",)

    def fetch(self, job):
        box = job.folder / "mbox"
        lines = self.configuration(job) + ["keep on", f"delivery mbox {box}",
                                           f"uidls_file {job.folder}/uidls", "received_header off"]
        job.run("mpop", f"--file={job.file('mpoprc', chr(10).join(lines) + chr(10))}")
        return box.read_bytes()


class Fetchmail(Client):
    name = "fetchmail"
    protocols = ("pop3",)
    lacks = {(None, "starttls", "APOP"): "fetchmail's APOP goes without STLS, whatever is asked for",
             (None, None, ("PLAIN", "LOGIN", *SCRAM)): "fetchmail's POP3 has USER, APOP and CRAM-MD5"}

    def fetch(self, job):
        protocol, auth = {"USER": ("POP3", "password"), "APOP": ("APOP", "any"),
                          "CRAM-MD5": ("POP3", "cram-md5")}[job.mechanism]
        tls = 'sslproto ""' if job.tls == "none" else f'sslproto "TLS1.2+" sslcertck sslcertfile "{job.ca}"'
        if job.tls == "implicit":
            tls = "ssl " + tls
        config = job.file("fetchmailrc",
                          f'poll {HOST} protocol {protocol} service {job.port} auth {auth}\n'
                          f'user "{job.user}" password "{job.password}" is root here\n'
                          f'{tls} no rewrite keep\n')
        box = job.folder / "mbox"
        job.run("fetchmail", "--nosyslog", "--nodetach", "--invisible", "--fetchmailrc", config,
                "--pidfile", job.folder / "pid", "--idfile", job.folder / "ids", "--fetchall",
                "--mda", f"cat >> {box}")
        return box.read_bytes()


class Getmail(Client):
    name = "getmail6"
    protocols = ("pop3",)
    lacks = {(None, "starttls", None): "getmail has no STLS",
             (None, None, ("PLAIN", "LOGIN", "CRAM-MD5", *SCRAM)): "getmail's POP3 has USER and APOP"}

    def fetch(self, job):
        box = job.folder / "mbox"
        secure = job.tls == "implicit"
        config = job.file(
            "getmailrc", f"[retriever]\ntype = SimplePOP3{'SSL' if secure else ''}Retriever\n"
            f"server = {HOST}\nport = {job.port}\nusername = {job.user}\n"
            f"password = {job.password}\nuse_apop = {job.mechanism == 'APOP'}\n"
            + (f"ca_certs = {job.ca}\n" if secure else "")
            + "[destination]\ntype = MDA_external\nallow_root_commands = true\n"
            f'path = {program("tee")}\narguments = ("{box}",)\n'
            "[options]\ndelete = false\nread_all = true\ndelivered_to = false\nreceived = false\n")
        job.run("getmail", "--getmaildir", job.folder, "--rcfile", config)
        return box.read_bytes()


class SNail(Client):
    name = "s-nail"
    lacks = {("smtp", None, SCRAM): "s-nail has no SCRAM",
             ("pop3", None, ("PLAIN", "LOGIN", "CRAM-MD5", *SCRAM)): "s-nail's POP3 has USER and APOP"}

    def nail(self, job, *arguments, set=(), input=b""):
        settings = ["v15-compat", *set]
        if job.tls != "none":
            settings += [f"tls-ca-file={job.ca}", "tls-ca-no-defaults", "tls-verify=strict"]
        if job.tls == "starttls":
            settings.append(f"{job.protocol}-use-starttls")
        return job.run("s-nail", "-:/", *(word for one in settings for word in ("-S", one)),
                       *arguments, input=input)

    def send(self, job):
        method = job.mechanism.lower() or "none"
        self.nail(job, "-s", "real clients", job.recipient, input=job.body,
                  set=[f"from={job.sender}", f"mta={job.url('smtp')}", f"smtp-auth={method}",
                       "hostname=client.example.net"])

    def fetch(self, job):
        box = job.folder / "mbox"
        self.nail(job, "-R", "-Y", f"copy 1 {box}", "-Y", "exit", "-f", job.url("pop3"),
                  set=["pop3-no-apop"] if job.mechanism == "USER" else [])
        return box.read_bytes()


class Mutt(Client):
    name = "mutt"
    lacks = {(None, None, "SCRAM-SHA-256-PLUS"): "mutt gives GSASL no channel to bind to"}

    def configuration(self, job, *more):
        lines = [f'set ssl_starttls = {"yes" if job.tls == "starttls" else "no"}',
                 f'set ssl_force_tls = {"no" if job.tls == "none" else "yes"}',
                 f'set certificate_file = "{job.ca}"', f'set folder = "{job.folder}"', "unset record", *more]
        return job.file("muttrc", "\n".join(lines) + "\n")

    def send(self, job):
        config = self.configuration(
            job, f'set smtp_url = "{job.url("smtp")}"',
            f'set smtp_authenticators = "{job.mechanism.lower()}"', f'set from = "{job.sender}"',
            "set use_envelope_from = yes", 'set hostname = "client.example.net"',
            'set send_charset = "utf-8"', "set allow_8bit = yes")
        job.run("mutt", "-n", "-F", config, "-s", "real clients", "--", job.recipient,
                input=job.body)

    def fetch(self, job):
        box = job.file("mbox", "")
        config = self.configuration(
            job, f'set pop_host = "{job.url("pop")}"',
            f'set pop_authenticators = "{job.mechanism.lower()}"', f'set spoolfile = "{box}"',
            "set mbox_type = mbox", "set pop_delete = no", "set pop_last = no",
            "set quit = yes", "set wait_key = no", "unset beep", "set sleep_time = 0", "set move = no",
            'push "<fetch-mail><quit>"')
        on_terminal([program("mutt"), "-n", "-F", config], job, lambda: box.stat().st_size > 0)
        return box.read_bytes()


def on_terminal(command, job, done):
    """Runs what wants a terminal to its end; shows what was on it if that is not done()."""
    main, other = pty.openpty()
    termios.tcsetwinsize(other, (24, 80))  # newer ncurses opens no terminal of 0 lines
    try:
        process = subprocess.Popen([str(word) for word in command], cwd=job.folder,
                                   env=job.environment, stdin=other, stdout=other, stderr=other,
                                   start_new_session=True)
    finally:
        os.close(other)
    shown, end = b"", time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        if select.select([main], [], [], 0.1)[0]:
            try:
                shown += os.read(main, 1 << 16)
            except OSError:  # EIO: the other side is closed
                break
    os.close(main)
    try:
        process.wait(max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if not done():
        words = re.sub(rb"\x1b[\[(][0-9;?]*[A-Za-z]|[\x00-\x1f]+", b" ", shown)
        raise AssertionError(f"{command[0]} showed {words[-2000:].decode(errors='replace')}")


class Python(Client):
    name = "Python"
    lacks = {("smtp", None, SCRAM): "smtplib has no SCRAM",
             ("pop3", None, ("PLAIN", "LOGIN", "CRAM-MD5", *SCRAM)): "poplib has USER and APOP"}

    def send(self, job):
        context = ssl.create_default_context(cafile=job.ca) if job.tls != "none" else None
        if job.tls == "implicit":
            session = smtplib.SMTP_SSL(HOST, job.port, timeout=SECONDS, context=context)
        else:
            session = smtplib.SMTP(HOST, job.port, timeout=SECONDS)
        with session:
            session.ehlo("client.example.net")
            if job.tls == "starttls":
                session.starttls(context=context)
                session.ehlo("client.example.net")
            if job.mechanism:
                session.user, session.password = job.user, job.password
                session.auth(job.mechanism, getattr(
                    session, "auth_" + job.mechanism.lower().replace("-", "_")))
            session.sendmail(job.sender, [job.recipient], job.message, ["BODY=8BITMIME"])

    def fetch(self, job):
        context = ssl.create_default_context(cafile=job.ca) if job.tls != "none" else None
        if job.tls == "implicit":
            session = poplib.POP3_SSL(HOST, job.port, timeout=SECONDS, context=context)
        else:
            session = poplib.POP3(HOST, job.port, timeout=SECONDS)
        if job.tls == "starttls":
            session.stls(context)
        if job.mechanism == "APOP":
            session.apop(job.user, job.password)
        else:
            session.user(job.user)
            session.pass_(job.password)
        lines = session.retr(1)[1]
        session.quit()
        return b"\n".join(lines) + b"\n"


installing = threading.Lock()


def node_modules():
    """Installs the packages of package.json, once, whoever else asks meanwhile."""
    wanted = (pathlib.Path(__file__).parent / "package.json").read_text()
    mark = NPM / "installed.json"
    with installing:
        NPM.mkdir(parents=True, exist_ok=True)
        if not mark.exists() or mark.read_text() != wanted:
            (NPM / "package.json").write_text(wanted)
            # cypress-mailpit's peer would be all of Cypress, with a browser.
            run([program("npm"), "install", "--no-package-lock", "--no-audit", "--no-fund",
                 "--legacy-peer-deps", "--loglevel=error"], cwd=NPM)
            mark.write_text(wanted)
    return NPM


class Node(Client):
    def node(self, job):
        os.environ["PORTICO_NPM"] = str(node_modules())
        ask = {name: getattr(job, name) for name in (
            "protocol", "tls", "mechanism", "port", "user", "password", "sender", "recipient")}
        ask |= {"ca": str(job.ca) if job.tls != "none" else "",
                "message": str(job.file("mail", job.message))}
        return job.run("node", pathlib.Path(__file__).parent / "clients.cjs", input=json.dumps(ask))


class Nodemailer(Node):
    name = "nodemailer"
    protocols = ("smtp",)
    lacks = {(None, None, SCRAM): "nodemailer has no SCRAM"}

    def send(self, job):
        self.node(job)


class NodePop3(Node):
    name = "node-pop3"
    protocols = ("pop3",)
    lacks = {(None, "starttls", None): "node-pop3 has no STLS",
             (None, None, ("APOP", "PLAIN", "LOGIN", "CRAM-MD5", *SCRAM)): "node-pop3 has USER only"}

    def fetch(self, job):
        octets = self.node(job).encode(errors="surrogateescape")
        return (b"\r\n" + octets).replace(b"\r\n..", b"\r\n.")[2:]  # which it leaves to its caller


class SClient(Client):
    name = "openssl s_client"
    lacks = {(None, "none", None): "s_client is for TLS",
             (None, None, ("APOP", "CRAM-MD5", *SCRAM)): "typed by hand: only what needs no computing"}

    def s_client(self, job):
        starttls = ["-starttls", job.protocol] if job.tls == "starttls" else []
        return Typed(job, program("openssl"), "s_client", "-quiet", "-crlf", "-connect",
                     f"{HOST}:{job.port}", *starttls, "-servername", HOST,
                     "-verify_return_error", "-verify_hostname", HOST, "-CAfile", job.ca)

    def send(self, job):
        with self.s_client(job) as typed:
            if job.tls == "implicit":
                typed.see("220 ")
            typed.ask("EHLO client.example.net", "250 ")
            self.log_in(typed, job, "235 ", "334 ")
            typed.transaction(job)

    def fetch(self, job):
        with self.s_client(job) as typed:
            if job.tls == "implicit":
                typed.see("+OK")
            self.log_in(typed, job, "+OK", "+ ")
            typed.ask("RETR 1", "+OK")
            octets = typed.body()
            typed.ask("QUIT", "+OK")
            return octets

    def log_in(self, typed, job, accepted, go_on):
        def coded(text):
            return b64encode(text.encode()).decode()
        if job.mechanism == "USER":
            typed.ask(f"USER {job.user}", accepted)
            typed.ask(f"PASS {job.password}", accepted)
        elif job.mechanism == "PLAIN":
            typed.ask(f"AUTH PLAIN {coded(chr(0) + job.user + chr(0) + job.password)}", accepted)
        elif job.mechanism == "LOGIN":
            typed.ask("AUTH LOGIN", go_on)
            typed.ask(coded(job.user), go_on)
            typed.ask(coded(job.password), accepted)


class Typed:
    """A running program that passes lines on, typed as the replies arrive."""

    def __init__(self, job, *command):
        self.errors = job.folder / "stderr"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, env=job.environment, cwd=job.folder)
        self.watch = threading.Timer(SECONDS, self.process.kill)
        self.watch.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()  # or the watch ends it
        self.watch.cancel()

    def send(self, octets):
        self.process.stdin.write(octets)
        self.process.stdin.flush()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.process.args[0]} ended: {self.errors.read_text(errors='replace')}")
        return line

    def see(self, start):
        """The line that begins so; of an SMTP reply the lines before it are passed over."""
        while True:
            line = self.line().decode(errors="replace")
            if line.startswith(start):
                return line
            if not line.startswith(start[:3] + "-"):
                raise AssertionError(f"expected {start!r}, got {line!r}")

    def ask(self, command, start):
        self.send(command.encode() + b"\n")
        return self.see(start)

    def transaction(self, job):
        self.ask(f"MAIL FROM:<{job.sender}>", "250 ")
        self.ask(f"RCPT TO:<{job.recipient}>", "250 ")
        self.ask("DATA", "354 ")
        self.send((b"\n" + job.unix_message).replace(b"\n.", b"\n..")[1:] + b".\n")
        self.see("250 ")
        self.ask("QUIT", "221 ")

    def body(self):
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class Gsasl(Client):
    name = "gsasl"
    protocols = ("smtp",)
    lacks = {(None, "implicit", None): "gsasl has STARTTLS only",
             (None, None, ""): "gsasl is there to log in"}

    def send(self, job):
        tls = ["--no-starttls"] if job.tls == "none" else ["--x509-ca-file", job.ca]
        if job.mechanism == "SCRAM-SHA-256":
            tls.append("--no-cb")  # else it says that it could bind and -PLUS was not offered
        # It waits for what comes to the descriptor, not for what is in a buffer.
        with Typed(job, program("stdbuf"), "-i0", "-o0", program("gsasl"), "--smtp", "--client",
                   f"--connect={HOST}:{job.port}", *tls, "--hostname", HOST, "--service", "smtp",
                   "--mechanism", job.mechanism, "--authentication-id", job.user,
                   "--password", job.password) as typed:
            while not typed.line().startswith(b"235 "):
                pass
            typed.transaction(job)
