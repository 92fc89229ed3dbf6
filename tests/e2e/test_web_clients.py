"""Real HTTP clients get files from a folder, in clear and over TLS: each has every octet of them."""

import email
import functools
import gzip
import hashlib
import html
import http.client
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import time
import urllib.parse
import zlib

import certificates
import chromium
import talk
from harness import ROOT, ServerTest, port, program, run

HERE = pathlib.Path(__file__).resolve().parent
HOST = "localhost"
BIG = random.Random(1).randbytes(3 << 20)
STYLE = b"body { color: rgb(1, 2, 3) }\n" * 40
SCRIPT = b"""document.addEventListener('DOMContentLoaded', async () => {
    const hex = (octets) => [...new Uint8Array(octets)].map((o) => o.toString(16).padStart(2, '0')).join('');
    const get = async (how) => (await fetch('files/big.bin', how)).arrayBuffer();
    await get();
    const fetched = await get({ cache: 'no-cache' }); // asks whether what it has is still right
    const facts = {
        color: getComputedStyle(document.body).color,
        width: document.querySelector('img').naturalWidth,
        digest: hex(await crypto.subtle.digest('SHA-256', fetched)),
        protocols: performance.getEntriesByType('resource').map((entry) => entry.nextHopProtocol),
    };
    document.querySelector('#facts').textContent = JSON.stringify(facts);
});
"""
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>a page</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"><script src="script.js"></script>
</head><body><img src="picture.png" alt=""><p id="facts"></p>
<a href="files/">files</a> <a href="files/sp%20ace%20%C3%BC.txt">named</a> <a href="files/big.bin">big</a>
<a href="files/empty.txt">empty</a> <a href="files/small.bin">small</a></body></html>
""".encode()


def png(width, height):
    """A picture of one color."""
    def chunk(kind, content):
        return (len(content).to_bytes(4) + kind + content
                + zlib.crc32(kind + content).to_bytes(4))
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
    rows = (b"\0" + bytes(width)) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


# By path, as in a URL; what is not a link of the page is not in LINKED.
LINKED = {"/": PAGE, "/style.css": STYLE, "/script.js": SCRIPT, "/picture.png": png(37, 11),
          "/files/": b"<!doctype html><title>files</title>\n", "/files/big.bin": BIG,
          "/files/sp%20ace%20%C3%BC.txt": b"named\n", "/files/empty.txt": b"",
          "/files/small.bin": bytes(range(256)) * 4}
UNLINKED = {"/style.css.gz": gzip.compress(STYLE), "/script.js.gz": gzip.compress(SCRIPT)}
FILES = LINKED | UNLINKED


def file_name(path):
    path = urllib.parse.unquote(path).lstrip("/")
    return path + "index.html" if path == "" or path.endswith("/") else path


def in_clear_and_over_tls(test):
    """A test(self, url), for the URL of either root; self.here is an empty folder."""
    @functools.wraps(test)
    def both(self):
        for scheme, url in self.urls.items():
            with self.subTest(scheme):
                self.here = self.folder / scheme
                self.here.mkdir()
                test(self, url)
    return both


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


class WebTest(ServerTest):
    """A root with FILES; http and https, with the test authority's certificate."""
    ports = (port("http"), port("http", tls="implicit"))
    args = ("--trace",)
    host = ""  # of its configuration

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="portico-root-")))
        brotli = run([program("node"), "-e", "process.stdout.write(zlib.brotliCompressSync(fs.readFileSync(0)))"],
                     input=SCRIPT).stdout.encode(errors="surrogateescape")
        for path, content in (FILES | {"/script.js.br": brotli}).items():
            file = cls.root / file_name(path)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
            os.utime(file, (1_600_000_000, 1_600_000_000))
        cls.config_extra = cls.host + f'[http]\nroot = "{cls.root}"\n'
        super().setUpClass()
        cls.ca = cls.server.folder / "ca.pem"
        cls.ca.write_text(cls.server.command("ca").stdout)
        cls.urls = {scheme: f"{scheme}://{HOST}:{number}" for scheme, number in
                    zip(("http", "https"), cls.server.listening)}

    def run_in(self, *command, **environment):
        done = run([program(command[0]), *command[1:]], check=False, cwd=self.here,
                   env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                        "no_proxy": "*", **environment})
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done

    def curl(self, *arguments):
        return self.run_in("curl", "--silent", "--show-error", "--cacert", self.ca, *arguments).stdout

    def wget(self, *arguments):
        return self.run_in("wget", "--no-verbose", "--tries=1", f"--ca-certificate={self.ca}", *arguments)

    def same(self, content, wanted, what=""):
        """assertEqual would print megabytes."""
        self.assertTrue(content == wanted, f"{what}: {len(content)} octets are not the {len(wanted)}")

    def own_file(self, content):
        """A file that no other test asks for."""
        file = self.root / f"{self._testMethodName}-{self.here.name}.txt"
        self.addCleanup(file.unlink, missing_ok=True)
        self.write(file, content, 1_600_000_000)
        return file

    def write(self, file, content, time):
        new = file.with_suffix(".new")
        new.write_bytes(content)
        os.utime(new, (time, time))
        new.rename(file)


class Curl(WebTest):
    @in_clear_and_over_tls
    def test_everything_on_one_connection(self, url):
        wanted = [(f"out{number}", url + path, FILES[path]) for number, path in enumerate(FILES)]
        tell = ("--write-out", "%{http_code} %{http_version} %{num_connects}\n")
        arguments = [part for name, target, _ in wanted
                     for part in ("--next", *tell, "--cacert", self.ca, "--output", name, target)]
        self.assertEqual(self.curl(*arguments[1:]).split("\n")[:-1],
                         ["200 1.1 1"] + ["200 1.1 0"] * (len(wanted) - 1))
        for name, target, content in wanted:
            self.same((self.here / name).read_bytes(), content, target)

    @in_clear_and_over_tls
    def test_several_at_once(self, url):
        self.curl("--parallel", "--parallel-max", "8", *(part for number in range(24) for part in
                  ("--output", str(number), f"{url}/files/big.bin")))
        for number in range(24):
            self.same((self.here / str(number)).read_bytes(), BIG, number)

    @in_clear_and_over_tls
    def test_http_1_0(self, url):
        said = self.curl("--http1.0", "--write-out", "%{http_code} %{num_connects}\n",
                         *(part for number, path in enumerate(FILES) for part in
                           ("--output", str(number), url + path)))
        self.assertEqual(said, "200 1\n" * len(FILES))
        for number, content in enumerate(FILES.values()):
            self.same((self.here / str(number)).read_bytes(), content, number)

    @in_clear_and_over_tls
    def test_an_offer_of_http_2_is_not_taken(self, url):
        said = self.curl("--http2", "--output", "out", "--write-out", "%{http_code} %{http_version}",
                         f"{url}/files/big.bin")
        self.assertEqual(said, "200 1.1")
        self.same((self.here / "out").read_bytes(), BIG)

    @in_clear_and_over_tls
    def test_resume(self, url):
        part = self.here / "big.bin"
        for octets in (0, 1, 1_234_567, len(BIG) - 1, len(BIG)):
            part.write_bytes(BIG[:octets])
            self.curl("--continue-at", "-", "--output", part, f"{url}/files/big.bin")
            self.same(part.read_bytes(), BIG, octets)

    @in_clear_and_over_tls
    def test_ranges(self, url):
        for asked, content in (("0-0", BIG[:1]), ("-1", BIG[-1:]), ("5-", BIG[5:]),
                               ("1000000-1999999", BIG[1000000:2000000])):
            self.curl("--range", asked, "--output", "part", f"{url}/files/big.bin")
            self.same((self.here / "part").read_bytes(), content, asked)

    @in_clear_and_over_tls
    def test_compressed_siblings(self, url):
        """The content is the same whether the client takes a coding or not."""
        for path, encoding in (("/style.css", "gzip"), ("/script.js", "br")):
            for asked, wanted in ((("--compressed",), encoding), ((), None)):
                self.curl(*asked, "--output", "out", "--dump-header", "head", url + path)
                self.same((self.here / "out").read_bytes(), FILES[path], path)
                head = email.message_from_bytes((self.here / "head").read_bytes().partition(b"\r\n")[2])
                self.assertEqual((head["Content-Encoding"], head["Vary"]), (wanted, "Accept-Encoding"))

    @in_clear_and_over_tls
    def test_uploads_are_refused_and_the_connection_lives(self, url):
        """Two that wait for 100 are told 405 at once, and curl hangs up; the third is read, for the fourth."""
        (self.folder / "up").write_bytes(BIG[:200_000])
        tell = ("--cacert", self.ca, "--output", "out", "--write-out", "%{http_code} %{num_connects}\n")
        said = self.curl(*tell[2:], "--upload-file", f"{self.folder}/up", f"{url}/up",
                         "--next", *tell, "--header", "Transfer-Encoding: chunked", "--upload-file",
                         f"{self.folder}/up", f"{url}/up",
                         "--next", *tell, "--header", "Expect:", "--data-binary", f"@{self.folder}/up",
                         f"{url}/style.css",
                         "--next", *tell, f"{url}/files/big.bin").split("\n")[:-1]
        self.assertEqual([line.split()[0] for line in said[:3]], ["405"] * 3, said)
        self.assertEqual(said[3], "200 0")
        self.same((self.here / "out").read_bytes(), BIG)


class Wget(WebTest):
    @in_clear_and_over_tls
    def test_everything_that_is_linked(self, url):
        self.wget("--recursive", "--page-requisites", "--no-parent", "--no-host-directories",
                  "--execute=robots=off", f"{url}/")
        fetched = {str(path.relative_to(self.here)): path.read_bytes()
                   for path in self.here.rglob("*") if path.is_file()}
        wanted = {file_name(path): content for path, content in LINKED.items()}
        self.assertEqual(fetched.keys(), wanted.keys())
        for name, content in wanted.items():
            self.same(fetched[name], content, name)

    @in_clear_and_over_tls
    def test_resume(self, url):
        for octets in (1, 1_234_567, len(BIG) - 1, len(BIG)):
            (self.here / "big.bin").write_bytes(BIG[:octets])
            self.wget("--continue", f"{url}/files/big.bin")
            self.same((self.here / "big.bin").read_bytes(), BIG, octets)


class Changes(WebTest):
    """Clients that keep what they have got, and ask whether it has changed since."""
    host = "threads = 1\n"  # one loop, one cache: what one connection has seen the next will see

    def until_seen(self, url, content):
        """What the server knows of a file may be a second old."""
        end = time.monotonic() + talk.SECONDS
        while self.curl(url).encode() != content:
            self.assertLess(time.monotonic(), end, f"never became {content}")

    @in_clear_and_over_tls
    def test_curl_by_tag_and_by_time(self, url):
        file = self.own_file(b"first")
        url = f"{url}/{file.name}"
        code = ("--write-out", "%{http_code}")
        (self.here / "tag").touch()
        for content, changed in ((b"first", 1_600_000_000), (b"second", 1_600_001_000)):
            self.write(file, content, changed)
            self.until_seen(url, content)
            asked = ("--etag-save", "tag", "--etag-compare", "tag", "--output", "out")
            self.assertEqual(self.curl(*code, *asked, url), "200")
            self.assertEqual((self.here / "out").read_bytes(), content)
            self.assertEqual(self.curl(*code, *asked, url), "304")
            for have, wanted in ((changed - 1, "200"), (changed, "304"), (changed + 1, "304")):
                old = self.here / "old"
                old.touch()
                os.utime(old, (have, have))
                self.assertEqual(self.curl(*code, "--time-cond", "old", "--output", "new", url), wanted)

    @in_clear_and_over_tls
    def test_wget_timestamps(self, url):
        file = self.own_file(b"first")
        url = f"{url}/{file.name}"
        got = self.here / file.name
        for content, changed in ((b"first", 1_600_000_000), (b"second", 1_600_001_000)):
            self.write(file, content, changed)
            self.until_seen(url, content)
            for fetched in (True, False):
                said = self.wget("--timestamping", url).stderr
                self.assertEqual("->" in said, fetched, said)
                self.assertEqual((got.read_bytes(), got.stat().st_mtime), (content, changed))


class Python(WebTest):
    def test_everything_on_one_connection(self):
        context = certificates.trusting(self.ca)
        for client in (http.client.HTTPConnection(HOST, self.server.listening[0], timeout=talk.SECONDS),
                       http.client.HTTPSConnection(HOST, self.server.listening[1], timeout=talk.SECONDS,
                                                   context=context)):
            with self.subTest(type(client).__name__):
                client.connect()
                own = client.sock.getsockname()
                for method in ("GET", "HEAD", "GET"):
                    for path, content in FILES.items():
                        client.request(method, path)
                        response = client.getresponse()
                        self.assertEqual(response.status, 200)
                        self.assertEqual(int(response.headers["Content-Length"]), len(content))
                        self.same(response.read(), content if method == "GET" else b"", path)
                # A body in chunks, to where none is wanted, does not get in the way of the next.
                client.request("POST", "/style.css", body=iter([b"x" * 5000] * 9), encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})
                response = client.getresponse()
                self.assertEqual((response.status, response.headers["Allow"]), (405, "GET, HEAD, OPTIONS"))
                response.read()
                client.request("GET", "/style.css")
                self.same(client.getresponse().read(), STYLE)
                self.assertEqual(client.sock.getsockname(), own)
                client.close()


class Node(WebTest):
    @in_clear_and_over_tls
    def test_fetch_and_agent(self, url):
        done = run([program("node"), HERE / "web_client.cjs"],
                   input=json.dumps({"base": url, "paths": [*FILES, "/none"]}),
                   env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self.ca)})
        result = json.loads(done.stdout)
        for way in ("fetch", "agent"):
            self.assertEqual(result[way].pop("/none")[0], 404)
            self.assertEqual(result[way],
                             {path: [200, digest(content)] for path, content in FILES.items()})
        self.assertEqual(result["connections"], 1)


class Load(WebTest):
    """ab and wrk, for what they say of errors; how fast it is, is measured elsewhere."""

    def ab(self, *arguments):
        said = self.run_in("ab", "-q", *arguments).stdout
        return {name: value for name, value in re.findall(r"^([\w -]+): +(\S+)", said, re.M)}

    @in_clear_and_over_tls
    def test_ab(self, url):
        for keep, count in ((("-k",), 2000), ((), 300)):
            with self.subTest(keep=keep):
                told = self.ab(*keep, "-n", str(count), "-c", "20", f"{url}/files/small.bin")
                self.assertEqual((told["Complete requests"], told["Failed requests"]), (str(count), "0"))
                self.assertEqual(told["Document Length"], "1024")
                self.assertEqual(told["HTML transferred"], str(1024 * count))
                self.assertEqual(told.get("Keep-Alive requests", "0"), str(count) if keep else "0")
                self.assertNotIn("Non-2xx responses", told)

    @in_clear_and_over_tls
    def test_wrk(self, url):
        for path, depth, peers in (("/files/small.bin", 1, 32), ("/files/small.bin", 16, 32),
                                   ("/files/big.bin", 1, 4)):
            with self.subTest(path=path, depth=depth):
                said = self.run_in("wrk", "--threads=1", f"--connections={peers}", "--duration=1",
                                   "--timeout=30", f"--script={HERE}/wrk.lua", url + path, DEPTH=str(depth),
                                   LENGTH=str(len(FILES[path]))).stdout
                answers, wrong, errors = map(int, re.search(
                    r"^result: (\d+) answers, (\d+) wrong, (\d+) errors$", said, re.M).groups())
                self.assertEqual((wrong, errors), (0, 0), said)
                self.assertGreater(answers, 0)


class Chromium(WebTest):
    @in_clear_and_over_tls
    def test_a_page_and_what_it_needs(self, url):
        browser = chromium.Chromium(self.here)
        browser.trust(self.ca)
        heard = len(self.server.out)
        dom = browser.dom(f"{url}/")
        facts = json.loads(html.unescape(re.search(r'<p id="facts">(.*?)</p>', dom)[1]))
        self.assertEqual(set(facts.pop("protocols")) - {""}, {"http/1.1"})  # "": it was in the cache
        self.assertEqual(facts, {"color": "rgb(1, 2, 3)", "width": 37, "digest": digest(BIG)})
        answers = re.findall(r"^#\d+ S: HTTP/1.1 (\d+)", self.server.out[heard:], re.M)
        self.assertEqual(answers, ["200"] * 5 + ["304"])


class Welcome(ServerTest):
    """The built-in page in a browser: what it tells is true."""
    ports = (port("http"), port("http", tls="implicit"), port("smtp", tls="starttls"), port("pop3", tls="starttls"))

    def test_its_commands_work(self):
        """As they stand there, pasted into a shell."""
        url = f"http://{HOST}:{self.server.listening[0]}/"
        browser = chromium.Chromium(self.folder)
        dom = browser.dom(url)
        self.assertIn("Trust this host", dom)
        for number in self.server.listening:
            self.assertIn(f"127.0.0.1:{number}<", dom)
        commands = [html.unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", dom, re.S)]
        self.assertEqual(len(commands), 4)
        outputs = []
        for command in commands:
            done = subprocess.run(["sh", "-c", command], cwd=self.folder, capture_output=True, timeout=60,
                                  env={"PATH": os.environ["PATH"], "no_proxy": "*"})
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stderr.decode()}")
            outputs.append(done.stdout.decode())
        self.assertIn("Trust this host", outputs[0])
        self.assertIn("\r\n\r\nIt works.\r\n", outputs[2])
        self.assertTrue(outputs[3].startswith("HTTP/1.1 200 OK\r\n"))
        self.assertEqual((self.folder / "ca.pem").read_text(), self.server.command("ca").stdout)

    def test_over_tls_once_the_authority_is_trusted(self):
        url = f"https://{HOST}:{self.server.listening[1]}/"
        browser = chromium.Chromium(self.folder)
        self.assertNotIn("Trust this host", browser.dom(url))  # but a warning
        ca = self.folder / "ca.pem"
        ca.write_text(self.server.command("ca").stdout)
        browser.trust(ca)
        self.assertIn("Trust this host", browser.dom(url))
        shot = ROOT / "build/welcome.png"  # to be looked at
        shot.parent.mkdir(exist_ok=True)
        browser.screenshot(url, shot)
        self.assertTrue(shot.read_bytes().startswith(b"\x89PNG"))
