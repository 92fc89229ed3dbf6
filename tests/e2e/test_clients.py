"""The programs people use, each really run."""

import os
import queue
import re
import subprocess
import threading

import talk
from harness import ServerTest, program, run

MESSAGE = ("From: Bo <bo@example.net>\r\nTo: Ana <ana@example.test>\r\n"
           "Subject: real clients\r\nDate: Mon, 02 Jan 2034 03:04:05 +0000\r\n"
           "Message-ID: <1@client.example.net>\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
           "Grüße, 東京\r\n.\r\n..dots\r\n.dot\r\n\r\nthe end\r\n").encode()
UNIX_MESSAGE = MESSAGE.replace(b"\r\n", b"\n")


class ClientTest(ServerTest):
    def run_client(self, name, *arguments, input=b"", codes=(0,)):
        """Runs a client at home in its own folder, where it finds nobody's configuration."""
        done = run([program(name), *arguments], input=input, check=False, cwd=self.folder,
                   env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                        "NO_PROXY": "*"})
        self.assertIn(done.returncode, codes, f"{name}: {done.stdout}{done.stderr}")
        return done

    def file(self, name, content, mode=0o600):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def stored(self, mailbox=None):
        return [octets for _, octets in
                talk.maildrop(self.server.pop3, mailbox or self.mailbox)]

    def fill(self, *messages):
        return [talk.deliver(self.server.smtp, message, [self.mailbox]) for message in messages]

    def check_delivered(self, mailbox=None, message=MESSAGE):
        [octets] = self.stored(mailbox)
        self.assertEqual(talk.without_trace(octets)[1], message)


class Curl(ClientTest):
    def curl(self, *arguments, **more):
        return self.run_client("curl", "--silent", "--show-error", *arguments, **more)

    def pop3(self, path, *arguments, **more):
        return self.curl("--user", f"{self.mailbox}:pass word", *arguments,
                         f"pop3://127.0.0.1:{self.server.pop3}/{path}", **more).stdout

    def test_smtp_to_several_recipients(self):
        others = [f"curl{number}@example.test" for number in range(3)]
        self.curl("--url", f"smtp://127.0.0.1:{self.server.smtp}/client.example.net",
                  "--mail-from", "bo@example.net", "--mail-rcpt", self.mailbox,
                  *(word for other in others for word in ("--mail-rcpt", other)),
                  "--upload-file", self.file("mail", MESSAGE))
        for mailbox in (self.mailbox, *others):
            self.check_delivered(mailbox)

    def test_smtp_refused_recipient(self):
        done = self.curl("--url", f"smtp://127.0.0.1:{self.server.smtp}/client.example.net",
                         "--mail-from", "bo@example.net", "--mail-rcpt", "no address@",
                         "--upload-file", self.file("mail", MESSAGE), codes=(55,))
        self.assertIn("RCPT failed: 501", done.stderr)
        self.assertEqual(self.stored(), [])

    def test_pop3_list_and_uidl(self):
        ids = self.fill(MESSAGE, b"short\r\n")
        sizes = [len(octets) for octets in self.stored()]
        self.assertEqual(self.pop3(""), f"1 {sizes[0]}\r\n2 {sizes[1]}\r\n")
        self.assertEqual(self.pop3("", "--request", "UIDL"), f"1 {ids[0]}\r\n2 {ids[1]}\r\n")

    def test_pop3_retr_and_dele(self):
        self.fill(b"first\r\n", MESSAGE)
        first, second = self.stored()
        self.assertEqual(self.pop3("2").encode(), second)
        self.pop3("1", "--list-only", "--request", "DELE")  # --list-only: the answer is one line
        self.assertEqual(self.stored(), [second])
        self.assertEqual(self.pop3("1").encode(), second)

    def test_pop3_no_such_message(self):
        self.fill(MESSAGE)
        self.pop3("7", codes=(8, 56))

    def test_http_welcome_page(self):
        page = self.curl(f"http://127.0.0.1:{self.server.http}/").stdout
        for port in (self.server.http, self.server.smtp, self.server.pop3):
            self.assertIn(f"127.0.0.1:{port}", page)


class Swaks(ClientTest):
    def swaks(self, *arguments):
        return self.run_client("swaks", "--server", "127.0.0.1", "--port", str(self.server.smtp),
                               "--helo", "client.example.net", "--from", "bo@example.net",
                               "--to", self.mailbox, *arguments).stdout

    def test_plain(self):
        talked = self.swaks("--header", "Subject: swaks", "--body", ".a line with a dot")
        [octets] = self.stored()
        self.assertIn(b"\r\n.a line with a dot\r\n", octets)
        [(id, _)] = talk.maildrop(self.server.pop3, self.mailbox)
        self.assertIn(f"250 2.0.0 Ok: queued as {id}", talked)

    def test_pipeline(self):
        mail = self.file("mail", UNIX_MESSAGE)
        self.swaks("--pipeline", "--data", f"@{mail}")  # without the @ newer ones take it for text
        [octets] = self.stored()
        self.assertIn("Grüße, 東京\r\n.\r\n..dots\r\n.dot\r\n".encode(), octets)

    def test_attachment(self):
        attachment = self.file("picture.bin", bytes(range(256)) * 4000)
        self.swaks("--body", "see the attachment", "--attach-type", "application/octet-stream",
                   "--attach", f"@{attachment}")
        [octets] = self.stored()
        self.assertGreater(len(octets), 4000 * 256 * 4 // 3)
        self.assertIn(b"filename=\"picture.bin\"", octets)

    def test_several_recipients(self):
        self.swaks("--to", f"{self.mailbox},swaks2@example.test", "--body", "for two")
        self.assertEqual(self.stored(), self.stored("swaks2@example.test"))


class Msmtp(ClientTest):
    def test_several_recipients(self):
        self.run_client("msmtp", "--host=127.0.0.1", f"--port={self.server.smtp}", "--tls=off",
                        "--auth=off", "--domain=client.example.net", "--from=bo@example.net",
                        self.mailbox, "msmtp2@example.test", input=UNIX_MESSAGE)
        self.check_delivered()
        self.check_delivered("msmtp2@example.test")

    def test_refused_sender(self):
        done = self.run_client("msmtp", "--host=127.0.0.1", f"--port={self.server.smtp}",
                               "--tls=off", "--domain=client.example.net", "--from=a b",
                               self.mailbox, input=UNIX_MESSAGE, codes=(65,))
        self.assertIn("501", done.stderr)


class Mpop(ClientTest):
    def mpop(self, delivery, keep):
        config = self.file("mpoprc", f"account default\nhost 127.0.0.1\nport {self.server.pop3}\n"
                                     f"user {self.mailbox}\npassword anything\nauth user\ntls off\n"
                                     f"received_header off\nkeep {keep}\ndelivery {delivery}\n"
                                     f"uidls_file {self.folder}/uidls\n")
        return self.run_client("mpop", f"--file={config}").stdout

    def test_mbox_and_keep(self):
        self.fill(MESSAGE, b"Subject: 2\r\n\r\nsecond\r\n")
        before = self.stored()
        self.mpop(f"mbox {self.folder}/mbox", keep="on")
        box = (self.folder / "mbox").read_bytes()
        self.assertEqual(len(re.findall(rb"^From ", box, re.M)), 2)
        for octets in before:
            self.assertIn(octets.replace(b"\r\n", b"\n"), box)
        self.assertEqual(self.stored(), before)
        self.mpop(f"mbox {self.folder}/mbox", keep="on")  # it knows them by their unique-id
        self.assertEqual((self.folder / "mbox").read_bytes(), box)

    def test_maildir_and_delete(self):
        self.fill(*[b"Subject: %d\r\n\r\n.\r\nmessage %d\r\n" % (n, n) for n in range(20)])
        before = self.stored()
        for name in ("new", "cur", "tmp"):
            (self.folder / "Maildir" / name).mkdir(parents=True)
        self.mpop(f"maildir {self.folder}/Maildir", keep="off")
        fetched = [path.read_bytes() for path in (self.folder / "Maildir/new").iterdir()]
        self.assertCountEqual(fetched, [octets.replace(b"\r\n", b"\n") for octets in before])
        self.assertEqual(self.stored(), [])


class Fetchmail(ClientTest):
    def fetchmail(self, *arguments, codes=(0,)):
        config = self.file("fetchmailrc",
                           f'poll 127.0.0.1 protocol POP3 service {self.server.pop3} uidl\n'
                           f'user "{self.mailbox}" password "anything" is root here\n'
                           f'no rewrite sslproto ""\n')
        self.run_client("fetchmail", "--nosyslog", "--nodetach", "--invisible",
                        "--fetchmailrc", config, "--pidfile", self.folder / "pid",
                        "--idfile", self.folder / "ids", "--fetchall",
                        "--mda", f"cat >> {self.folder}/mbox", *arguments, codes=codes)
        path = self.folder / "mbox"
        return path.read_bytes() if path.exists() else b""

    def test_keep(self):
        self.fill(MESSAGE, b"Subject: 2\r\n\r\nsecond\r\n")
        before = self.stored()
        box = self.fetchmail("--keep")
        self.assertIn("Grüße, 東京\n.\n..dots\n.dot\n\nthe end\n".encode(), box)
        self.assertEqual(box.count(b"Return-Path:"), 2)
        self.assertIn(b"\n\nsecond\n", box)
        self.assertEqual(self.stored(), before)

    def test_delete(self):
        self.fill(*[b"Subject: %d\r\n\r\nmessage %d\r\n" % (n, n) for n in range(10)])
        box = self.fetchmail()
        for number in range(10):
            self.assertIn(b"\n\nmessage %d\n" % number, box)
        self.assertEqual(self.stored(), [])
        self.fetchmail(codes=(1,))  # no mail


class Telnet(ClientTest):
    """The talk of the README, typed as the replies arrive."""

    def test_smtp_then_pop3(self):
        with TypedTelnet(self.server.smtp) as telnet:
            telnet.see("220 mx.example.test")
            telnet.type("EHLO client.example.net")
            telnet.see("250 ")
            telnet.type("MAIL FROM:<bo@example.net>")
            telnet.see("250 ")
            telnet.type(f"RCPT TO:<{self.mailbox}>")
            telnet.see("250 ")
            telnet.type("DATA")
            telnet.see("354 ")
            telnet.type("Subject: typed\n\nHello Ana\n.")
            id = telnet.see("250 2.0.0 Ok: queued as ").split()[-1]
            telnet.type("QUIT")
            telnet.see("221 ")
        with TypedTelnet(self.server.pop3) as telnet:
            telnet.see("+OK")
            telnet.type(f"USER {self.mailbox}")
            telnet.see("+OK")
            telnet.type("PASS of any kind")
            telnet.see("+OK")
            telnet.type("UIDL 1")
            telnet.see(f"+OK 1 {id}")
            telnet.type("RETR 1")
            telnet.see("Hello Ana")
            telnet.see(".")
            telnet.type("QUIT")
            telnet.see("+OK")
        [octets] = self.stored()
        self.assertEqual(talk.without_trace(octets)[1], b"Subject: typed\r\n\r\nHello Ana\r\n")


class TypedTelnet:
    def __init__(self, port):
        self._process = subprocess.Popen([program("telnet"), "127.0.0.1", str(port)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.decode().rstrip("\r\n"))
        self._lines.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def type(self, line):
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def see(self, start):
        """Reads on to a line that begins so."""
        seen = []
        while (line := self._lines.get(timeout=talk.SECONDS)) is not None:
            seen.append(line)
            if line.startswith(start):
                return line
        raise AssertionError(f"{start!r} never came, but {seen}")
