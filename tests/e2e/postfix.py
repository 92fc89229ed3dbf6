"""A Postfix of its own for a test: configuration, queue and log in a temporary folder."""

import grp
import os
import pathlib
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time

from harness import program

DAEMONS = pathlib.Path("/usr/lib/postfix/sbin")
SECONDS = 40


def speaks_bdat():
    """Whether Postfix as a client has CHUNKING; its server has, since 3.4."""
    return b"BDAT" in (DAEMONS / "smtp").read_bytes()


class Postfix:
    """Takes mail by SMTP on a loopback port and delivers it where `routes` say.

    `routes` are {recipient: (host, port, {parameter of smtp(8): value})}; each gets an smtp(8) of
    its own in master.cf. Only root can run it, since it changes to the user postfix.
    """

    def __init__(self, routes, settings=()):
        self.routes = routes
        self.settings = dict(settings)

    def __enter__(self):
        program("postconf")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portico-postfix-"))
        try:
            self._configure()
            self._start()
        except BaseException as error:
            error.add_note(self.log)
            self._stop()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            error.add_note(self.log)
        self._stop()

    def _configure(self):
        # Postfix's own users have to read it; the passwords in it are worth nothing.
        self.folder.chmod(0o755)
        user = pwd.getpwnam("postfix")
        for name in ("queue", "data", "config"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "data", user.pw_uid, user.pw_gid)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data", "command_directory": "/usr/sbin",
            "daemon_directory": DAEMONS, "mail_owner": "postfix", "setgid_group": "postdrop",
            "maillog_file": self.folder / "log", "maillog_file_prefixes": self.folder,
            "myhostname": "client.example.net", "mydestination": "", "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4", "mynetworks": "127.0.0.0/8", "alias_maps": "",
            "local_recipient_maps": "", "smtpd_recipient_restrictions": "permit_mynetworks,reject",
            "smtp_dns_support_level": "disabled", "smtp_host_lookup": "native",
            "transport_maps": f"texthash:{self.folder}/config/transport",
            "smtpd_peername_lookup": "no", "process_id_directory": "pid", **self.settings}
        self._write("main.cf", *(f"{name} = {value}" for name, value in settings.items()))
        services = [f"127.0.0.1:{self.port} inet n - n - - smtpd",
                    "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr",
                    "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce",
                    "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce",
                    "tlsmgr unix - - n 1000? 1 tlsmgr", "flush unix n - n 1000? 0 flush",
                    "proxymap unix - - n - - proxymap", "scache unix - - n - 1 scache",
                    "anvil unix - - n - 1 anvil", "retry unix - - n - - error",
                    "error unix - - n - - error", "verify unix - - n - 1 verify",
                    "postlog unix-dgram n - n - 1 postlogd"]
        transports = []
        for number, (recipient, (host, port, options)) in enumerate(self.routes.items()):
            services.append(f"to{number} unix - - n - - smtp "
                            + " ".join(f"-o {{ {name} = {value} }}" for name, value in options.items()))
            transports.append(f"{recipient} to{number}:[{host}]:{port}")
        self._write("master.cf", *services)
        self._write("transport", *transports)

    def _write(self, name, *lines):
        (self.folder / "config" / name).write_text("\n".join(lines) + "\n")

    def _start(self):
        # "postfix start" would do no more than this, but for checks of what is installed.
        queue = self.folder / "queue"
        user, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                     "incoming", "private", "saved", "trace"):
            (queue / name).mkdir(mode=0o700)
            os.chown(queue / name, user, -1)
        for name, mode in (("maildrop", 0o730), ("public", 0o710)):
            (queue / name).mkdir()
            os.chown(queue / name, user, group)
            (queue / name).chmod(mode)
        (queue / "pid").mkdir()
        self.process = subprocess.Popen(
            [DAEMONS / "master", "-c", self.folder / "config", "-d"], stdin=subprocess.DEVNULL,
            stdout=(self.folder / "output").open("wb"), stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "MAIL_CONFIG": str(self.folder / "config")})
        end = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError("Postfix does not start") from None
                time.sleep(0.05)

    def _stop(self):
        if process := getattr(self, "process", None):
            process.send_signal(signal.SIGTERM)  # master(8) ends its children, too
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def submit(self, sender, recipient, message):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=SECONDS) as session:
            session.sendmail(sender, [recipient], message, ["BODY=8BITMIME"])

    def wait(self, recipient):
        """Until Postfix says what became of the mail; "sent" it has to be."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for line in self.log.splitlines():
                if f"to=<{recipient}>" in line and "status=" in line:
                    if "status=sent" in line:
                        return
                    raise AssertionError(line)
            time.sleep(0.05)
        raise AssertionError(f"Postfix has not delivered to {recipient}")

    @property
    def log(self):
        return "".join(path.read_text(errors="replace") for path in
                       (self.folder / "output", self.folder / "log") if path.exists())
