"""Starts a portico of its own for a test, and sees that it ends well."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 20
STOP_SECONDS = 40
COMMAND_SECONDS = 60
SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer",
                     "WARNING: ThreadSanitizer")

running = []  # every Portico that was started and not yet stopped; run.py shows their logs


def default_binary():
    return pathlib.Path(os.environ.get("PORTICO_BINARY", ROOT / "build/dev/portico")).absolute()


def users_binary():
    """What users run, if it is built: it starts faster, and nothing in it catches calls but the C library."""
    release = ROOT / "build/release/portico"
    return release if release.exists() else default_binary()


class Portico:
    """A server with its own data directory, on free ports of loopback.

        with Portico(config_extra='grace = "1s"') as server:
            smtplib.SMTP("127.0.0.1", server.smtp)

    `config_extra` is TOML. It stands at the end of [host], so that keys before its first table
    are keys of [host]; tables of its own may follow.
    `ports` are the services that get a [[port]] with port = "auto"; with more to say, port() says
    it. Their numbers are in `listening`, in the same order.
    `args` stand before the command on the server's command line, as ["--trace"].
    Leaving the block stops the server by SIGTERM: exit code 0 and no report of a sanitizer, or
    it is a failure. After kill() or stop(), start() runs it again on the same data.
    """

    def __init__(self, config_extra="", ports=("smtp", "pop3", "http"), binary=None, args=()):
        self.binary = pathlib.Path(binary or default_binary())
        self.args = list(args)
        self._folder = tempfile.TemporaryDirectory(prefix="portico-")
        self.folder = pathlib.Path(self._folder.name)  # removed at the end of the block
        self.data = self.folder / "data"
        self.config = self.folder / "portico.toml"
        self.port_file = self.folder / "ports.json"
        self.config.write_text(self._configuration(config_extra, ports))
        self.process = None
        self.ports = []  # as port_file has them
        self.listening = []  # numbers at 127.0.0.1 of the `ports` asked for
        self.smtp = self.pop3 = self.http = None  # port numbers

    def _configuration(self, extra, ports):
        head = (f'[host]\nname = "mx.example.test"\n'
                f'data = "{self.data}"\nport_file = "{self.port_file}"\n')
        self._own = len(ports)
        tables = "".join(entry if entry.startswith("\n[[port]]") else port(entry)
                         for entry in ports)
        return head + extra + "\n" + tables

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self._folder.cleanup()
            raise

    def __exit__(self, kind, error, trace):
        try:
            if error is not None and self.process:
                error.add_note(self.last_words())
                self.kill()  # one failure is enough
            elif self.process:
                self.stop()
        finally:
            self._folder.cleanup()

    def start(self):
        self.port_file.unlink(missing_ok=True)
        with self._file("stdout").open("ab") as out, self._file("stderr").open("ab") as err:
            self.process = subprocess.Popen(
                [self.binary, "--config", self.config, *self.args],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.folder)
        running.append(self)
        end = time.monotonic() + START_SECONDS
        while not self.port_file.exists():
            if self.process.poll() is not None:
                code = self.process.returncode
                self._ended()
                raise AssertionError(f"portico ended at its start with exit code {code}\n"
                                     + self.last_words())
            if time.monotonic() > end:
                self.kill()
                raise AssertionError(f"no port_file after {START_SECONDS} s\n" + self.last_words())
            time.sleep(0.02)
        self.ports = json.loads(self.port_file.read_text())["ports"]
        for port in reversed(self.ports):  # the first of a service counts
            if port["service"] in ("smtp", "pop3", "http"):
                setattr(self, port["service"], port["port"])
        self.listening = [entry["port"] for entry in self.ports
                          if entry["address"] == "127.0.0.1"][-self._own:]
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        """What the server has written to standard error so far, over all its runs."""
        return self._read("stderr")

    @property
    def out(self):
        """What it has written to standard output: with --trace, the conversations."""
        return self._read("stdout")

    def command(self, *args, input=b"", check=True):
        """Runs the command line against this server, as command("ports", "--json").

        stdout and stderr of the result are text, line ends untouched; octets that are no UTF-8
        survive as surrogates, and .encode(errors="surrogateescape") gives them back.
        """
        return run([self.binary, "--config", self.config, *args], input=input, check=check,
                   cwd=self.folder)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM; returns when the server has ended as it should."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self, code=0):
        """Waits for an end that was asked for; `code` is what it has to exit with."""
        try:
            ended_with = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there {STOP_SECONDS} s after the signal\n"
                                 + self.last_words()) from None
        self._ended()
        if ended_with != code:
            raise AssertionError(f"exit code {ended_with} after the signal\n" + self.last_words())
        for report in SANITIZER_REPORTS:
            if report in self.log:
                raise AssertionError(f"{report}\n" + self.last_words())

    def kill(self):
        """SIGKILL: as a power cut, for what is on disk."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self._ended()

    def last_words(self, lines=40):
        """The end of the log; or a sanitizer's report, whose beginning tells most."""
        log = self.log.splitlines()
        report = next((number for number, line in enumerate(log)
                       if any(words in line for words in SANITIZER_REPORTS)), None)
        shown = log[-lines:] if report is None else log[report:report + lines]
        return "\n".join([f"--- portico's log ({self.folder.name}):",
                          *(line[:300] for line in shown)])

    def _ended(self):
        self.process = None
        running.remove(self)

    def _file(self, name):
        return self.folder / name

    def _read(self, name):
        path = self._file(name)
        return path.read_bytes().decode(errors="replace") if path.exists() else ""


def port(service, **options):
    """A [[port]] for Portico(ports=...): port("smtp", tls="starttls", require_tls=True)."""
    return "".join(["\n[[port]]\n", *(f"{name} = {json.dumps(value)}\n" for name, value in
                                     {"port": "auto", "service": service, **options}.items())])


def run(command, input=b"", check=True, **more):
    """Runs a program to its end; its output is text with the line ends untouched."""
    done = subprocess.run([str(part) for part in command], capture_output=True,
                          input=input.encode() if isinstance(input, str) else input,
                          timeout=COMMAND_SECONDS, **more)
    done.stdout = done.stdout.decode(errors="surrogateescape")
    done.stderr = done.stderr.decode(errors="surrogateescape")
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nended with exit code "
                             f"{done.returncode}\n{done.stdout}{done.stderr}")
    for report in SANITIZER_REPORTS:
        if report in done.stderr:
            raise AssertionError(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done


def program(name):
    """Where a client program is. One that is missing fails the test, unless told otherwise."""
    path = shutil.which(name)
    if path is None and os.environ.get("PORTICO_ALLOW_MISSING"):
        raise unittest.SkipTest(f"{name} IS NOT INSTALLED, nothing was tested")
    if path is None:
        raise AssertionError(f"{name} is not installed (--allow-missing skips its tests)")
    return path


def wait_until(condition, what, seconds=20):
    """Until what another process does has come about; asks now and then."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")
        time.sleep(0.05)


def rule(rfc, section, text):
    """Says which rule of which RFC a test shows; tests/rules.py makes the table of all of them."""
    def marked(test):
        test.rules = [(rfc, section, text), *getattr(test, "rules", [])]
        return test
    return marked


class ServerTest(unittest.TestCase):
    """Tests that share one server; each has a mailbox and a folder of its own."""

    config_extra = ""
    ports = ("smtp", "pop3", "http")
    args = ()

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Portico(cls.config_extra, cls.ports, args=cls.args))

    def setUp(self):
        self.mailbox = f"{self._testMethodName.lower()}@example.test"
        self.folder = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="portico-client-")))
