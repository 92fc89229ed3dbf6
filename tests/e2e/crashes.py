"""A load of senders and of readers that delete, and a ledger of what the server has promised them: whatever
it dies of, after its restart it has to keep that."""

import asyncio
import base64
import collections
import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time

import crowd
import harness
from crowd import Peer

SEED = int(os.environ.get("PORTICO_CRASH_SEED", random.SystemRandom().randrange(1 << 32)))
SECONDS = 60  # for a round's clients or one check; only ends a test that hangs
SENDERS = 6
DELETERS = 2
MAILBOXES = [f"box{number}@example.test" for number in range(6)]
LOST = (ConnectionError, asyncio.IncompleteReadError)  # how a client sees the kill
MIB = 1 << 20


class Ledger:
    """What the server has promised, and what it may or may not have done."""

    def __init__(self):
        self.digests = {}  # key -> digest, of every message that was ever sent
        self.ids = {}      # ID -> key, of every message ever seen; an ID never means two
        self.present = {mailbox: {} for mailbox in MAILBOXES}  # mailbox -> {ID: key}
        self.unanswered = collections.defaultdict(set)  # key -> mailboxes: sent, but no 250 came
        self.leaving = {mailbox: set() for mailbox in MAILBOXES}  # IDs: to be deleted, but no answer came
        self.deleted = {mailbox: set() for mailbox in MAILBOXES}  # IDs: deleted, and that was answered
        self.checked = {mailbox: set() for mailbox in MAILBOXES}  # IDs whose octets were compared
        self.accepted = 0
        self.chunked = 0  # of them, by BDAT
        self.stored_unanswered = 0
        self.lost_unanswered = 0

    def learn(self, id, key):
        if self.ids.setdefault(id, key) != key:
            raise AssertionError(f"the ID {id} was {self.ids[id]} and now is {key}")

    def take(self, id, key, to):
        """It was answered 250."""
        del self.unanswered[key]
        self.learn(id, key)
        self.accepted += 1
        for mailbox in to:
            self.present[mailbox][id] = key

    def compare(self, where, id, octets):
        """The key of a message as it was read."""
        message = crowd.without_trace(octets)
        key = crowd.key_of(message)
        if digest(message) != self.digests.get(key):
            raise AssertionError(f"{where}: {id} is not whole: key {key}, {len(message)} octets")
        self.learn(id, key)
        return key


# --- the load -----------------------------------------------------------------------------------

def digest(octets):
    return hashlib.sha1(octets).digest()  # the fastest there is


def lines_of_text(random, octets):
    """Lines of 78 octets with their ends, some of them dots that are to be stuffed."""
    text = base64.b64encode(random.randbytes(octets)).decode()
    lines = [text[at:at + 76] for at in range(0, len(text), 76)]
    return "".join(("." + line[1:] if number % 11 == 0 else line) + "\r\n" for number, line in enumerate(lines)).encode()


TEXT = lines_of_text(random.Random(1), 4 * MIB)


def make_message(own, key):
    """1 KiB to 5 MiB: rows up to 64 KiB, files above; most of them small."""
    least, most = own.choices(((1 << 10, 8 << 10), (1 << 10, 64 << 10), (60 << 10, 70 << 10),
                               (64 << 10, 300 << 10), (MIB, 5 * MIB)), (40, 25, 15, 17, 3))[0]
    head = f"From: <load@example.net>\r\nSubject: {key}\r\nX-Key: {key}\r\n\r\n.\r\n".encode()
    octets = own.randrange(least, most)
    at = 78 * own.randrange((len(TEXT) - octets) // 78)
    return head + TEXT[at:at + octets].rstrip() + b"\r\n"


async def send_chunks(peer, own, message, to):
    """One transaction by BDAT (RFC 3030), MAIL and RCPT pipelined with it; returns the ID."""
    commands = ["MAIL FROM:<load@example.net>", *(f"RCPT TO:<{address}>" for address in to)]
    await peer.send("".join(command + "\r\n" for command in commands))
    cuts = sorted(own.randrange(len(message)) for _ in range(own.randint(0, 3)))
    for start, end in zip([0, *cuts], [*cuts, len(message)]):
        last = " LAST" if end == len(message) else ""
        await peer.send(f"BDAT {end - start}{last}\r\n".encode() + message[start:end])
    for _ in range(len(commands) + len(cuts)):
        await peer.expect("250")
    return (await peer.expect("250 2.0.0 Ok: queued as ")).rpartition(" ")[2]


async def sender(port, ledger, number, round):
    own = random.Random(f"{SEED}-{round}-{number}")
    try:
        async with await Peer.connect(port) as peer:
            await crowd.begin_smtp(peer)
            for count in range(10_000):
                key = f"{round}-{number}-{count}"
                message = make_message(own, key)
                to = own.sample(MAILBOXES, own.randint(1, 5))
                ledger.digests[key] = digest(message)
                ledger.unanswered[key] = set(to)
                if number % 3 == 0:
                    id = await send_chunks(peer, own, message, to)
                    ledger.chunked += 1
                else:
                    id = await crowd.send_message(peer, message, to, pipelined=number % 2 == 0)
                ledger.take(id, key, to)
    except LOST:
        pass


async def deleter(port, ledger, number, round):
    """Sessions that read one message and delete a few, each in mailboxes of its own."""
    own = random.Random(f"{SEED}-{round}-deleter-{number}")
    try:
        for count in range(10_000):
            mailbox = own.choice(MAILBOXES[number::DELETERS])
            async with await Peer.connect(port) as peer:
                await crowd.begin_pop3(peer, mailbox)
                uidl = await crowd.listing(peer, "UIDL")
                # Only what was answered 250, so that the rest is stored for all or for none.
                known = [message for message in uidl if uidl[message] in ledger.present[mailbox]]
                chosen = own.sample(known, min(len(known), own.randint(0, max(4, len(known) // 2))))
                for message in chosen:
                    await peer.expect("+OK", f"DELE {message}")
                if own.random() < 0.2:  # RFC 1939 section 6: without QUIT nothing is deleted
                    await peer.expect("+OK", "RSET")
                    await peer.expect("+OK", "QUIT")
                    continue
                ids = {uidl[message] for message in chosen}
                ledger.leaving[mailbox] |= ids
                await peer.expect("+OK", "QUIT")
                ledger.leaving[mailbox] -= ids
                ledger.deleted[mailbox] |= ids
    except LOST:
        pass


async def remover(socket, ledger, round):
    """What `portico mail rm ID` asks of the server: deletes from all mailboxes at once."""
    own = random.Random(f"{SEED}-{round}-remover")
    try:
        for count in range(10_000):
            await asyncio.sleep(own.uniform(0, 0.02))  # in turn with the others, it waits for nothing
            mailbox = own.choice(MAILBOXES)
            known = [id for id in ledger.present[mailbox] if id not in ledger.deleted[mailbox]]
            if not known:
                continue
            id = own.choice(known)
            holders = [box for box in MAILBOXES if id in ledger.present[box]]
            for box in holders:
                ledger.leaving[box].add(id)
            reader, writer = await asyncio.open_unix_connection(socket)
            with contextlib.closing(writer):
                writer.write(json.dumps({"command": "mail rm", "id": id}).encode() + b"\n")
                answer = json.loads(await reader.readuntil(b"\n"))
            if answer.get("error", "there is no such message") != "there is no such message":
                raise AssertionError(f"to mail rm: {answer}")
            for box in holders:
                ledger.leaving[box].discard(id)
                ledger.deleted[box].add(id)
    except (*LOST, FileNotFoundError):
        pass


async def load_until_killed(server, ledger, round, seconds):
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as clients:
        for number in range(SENDERS):
            clients.create_task(sender(server.smtp, ledger, number, round))
        for number in range(DELETERS):
            clients.create_task(deleter(server.pop3, ledger, number, round))
        clients.create_task(remover(server.data / "control.sock", ledger, round))
        await asyncio.sleep(seconds)  # the moment of the crash, not a synchronisation
        server.kill()


# --- the reckoning ------------------------------------------------------------------------------

async def reckon(server, ledger, everything=False):
    """Compares the server's mailboxes with the ledger and settles what was open."""
    found = collections.defaultdict(set)  # key -> mailboxes, of the messages that were unanswered
    for mailbox in MAILBOXES:
        async with asyncio.timeout(SECONDS), await Peer.connect(server.pop3) as peer:
            await crowd.begin_pop3(peer, mailbox)
            uidl = await crowd.listing(peer, "UIDL")
            there = set(uidl.values())
            if len(there) != len(uidl):
                raise AssertionError(f"{mailbox}: an ID twice")
            present, leaving = ledger.present[mailbox], ledger.leaving[mailbox]
            gone = set(present) - there - leaving - ledger.deleted[mailbox]
            if gone:
                raise AssertionError(f"{mailbox}: answered 250 and lost: {gone}")
            back = there & ledger.deleted[mailbox]
            if back:
                raise AssertionError(f"{mailbox}: deleted, answered, and back: {back}")
            keys = set()
            for number, id in uidl.items():
                if id in ledger.checked[mailbox] and not everything:
                    key = ledger.ids[id]
                else:
                    key = ledger.compare(mailbox, id, await peer.multi(f"RETR {number}"))
                    ledger.checked[mailbox].add(id)
                if key in keys:
                    raise AssertionError(f"{mailbox}: {key} is there twice")
                keys.add(key)
                if id not in present:
                    # Nobody read a 250 for it, but it may have been stored all the same.
                    if mailbox not in ledger.unanswered.get(key, ()):
                        raise AssertionError(f"{mailbox}: {key} as {id}, which was never sent there")
                    found[key].add(mailbox)
                present[id] = key
            await peer.expect("+OK", "QUIT")
            for id in set(present) - there:
                del present[id]
                ledger.deleted[mailbox].add(id)
            leaving.clear()
    for key, mailboxes in found.items():
        missing = ledger.unanswered[key] - mailboxes
        if missing:
            raise AssertionError(f"{key} was stored for {mailboxes} and not for {missing}")
    ledger.stored_unanswered += len(found)
    ledger.lost_unanswered += len(ledger.unanswered) - len(found)
    ledger.unanswered.clear()


def check_database(folder):
    """SQLite's own opinion of a database that nobody has open."""
    with sqlite3.connect(folder / "mail.db") as database:
        (answer,) = database.execute("PRAGMA integrity_check").fetchone()
        (homeless,) = database.execute("SELECT count(*) FROM message WHERE id NOT IN "
                                       "(SELECT message FROM delivery)").fetchone()
        (broken,) = database.execute("SELECT count(*) FROM delivery WHERE message NOT IN "
                                     "(SELECT id FROM message)").fetchone()
    database.close()
    if (answer, homeless, broken) != ("ok", 0, 0):
        raise AssertionError(f"{answer}; {homeless} messages in no mailbox; {broken} deliveries of none")


def check_copy_of_database(data):
    """As the crash left it. A copy, for whoever opens it repairs it, and that is the server's part."""
    with tempfile.TemporaryDirectory(prefix="portico-crash-") as folder:
        for file in data.glob("mail.db*"):
            shutil.copy(file, folder)
        check_database(pathlib.Path(folder))


def check_bodies(data):
    """Every file of data/bodies belongs to a row, and every row that has a file has it whole."""
    database = sqlite3.connect(f"file:{data / 'mail.db'}?mode=ro", uri=True)
    rows = dict(database.execute("SELECT uid, size FROM message WHERE in_file = 1"))
    database.close()
    files = {path.name: path.stat().st_size for path in (data / "bodies").iterdir()}
    if files != rows:
        raise AssertionError(f"without a row: {files.keys() - rows.keys()}; without a file: "
                             f"{rows.keys() - files.keys()}; or of another size")
    return len(rows)


# --- the servers --------------------------------------------------------------------------------

def preload(folder, library, **environment):
    """A program that is the server's binary with one of our libraries before it; `folder` is to hold it."""
    built = [folder / f"{library}.so" for folder in (harness.default_binary().parent, harness.ROOT / "build/dev")]
    found = next((path for path in built if path.exists()), None)
    if found is None:
        raise AssertionError(f"{built[0]} is not built")
    # Of the server only. AddressSanitizer wants to be first, but does not need to.
    variables = {"LD_PRELOAD": found, "ASAN_OPTIONS": "verify_asan_link_order=0", **environment}
    program = folder / library
    program.write_text("#!/bin/sh\nexec env " + " ".join(f"'{name}={value}'" for name, value in variables.items())
                       + f' "{harness.users_binary()}" "$@"\n')
    program.chmod(0o755)
    return program


class Server(harness.Portico):
    def __init__(self, config_extra=""):
        super().__init__(config_extra, binary=harness.users_binary())

    def kill_while_it_starts(self, seconds):
        process = subprocess.Popen([self.binary, "--config", self.config], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        time.sleep(seconds)
        process.kill()
        process.wait()


class UnsyncedServer(Server):
    """A server whose end is a power cut: what it never synced is gone (unsynced.cpp), or with a `seed`
    a part of it. `ignore` names a file or folder of which a sync is to do nothing."""

    def __init__(self, config_extra="", seed=None, ignore=""):
        super().__init__(config_extra)
        self.image = self.folder / "image"
        self.thrown_away = [0, 0]  # names, and sectors of the database's files
        self._seed, self._ignore, self._starts = seed, ignore, 0

    def start(self):
        self._begin()
        return super().start()

    def kill(self):
        super().kill()
        self.cut()

    def kill_while_it_starts(self, seconds):
        self._begin()
        super().kill_while_it_starts(seconds)
        self.cut()

    def _begin(self):
        shutil.rmtree(self.image, ignore_errors=True)
        (self.image / "inodes").mkdir(parents=True)
        if self.data.exists():
            for left in self.data.glob("*.sock"):
                left.unlink()
            shutil.copytree(self.data, self.image / "tree")
        else:
            (self.image / "tree").mkdir(mode=0o700)
        self._starts += 1
        seed = "" if self._seed is None else self._seed + self._starts
        self.binary = preload(self.folder, "unsynced", UNSYNCED_DATA=self.data, UNSYNCED_IMAGE=self.image,
                              UNSYNCED_SEED=seed, UNSYNCED_IGNORE=self._ignore)

    def cut(self):
        """The folder is what a power cut leaves now that the server has ended."""
        tree = self.image / "tree"
        names = [{path.relative_to(top) for path in top.rglob("*")} for top in (self.data, tree)]
        self.thrown_away[0] += len(names[0] ^ names[1])
        for name in names[0] & names[1]:
            if name.name in ("mail.db", "mail.db-wal"):
                self.thrown_away[1] += different_sectors(self.data / name, tree / name)
        shutil.rmtree(self.data)
        tree.rename(self.data)


def different_sectors(left, right):
    left, right = (memoryview(path.read_bytes()) for path in (left, right))
    return sum(left[at:at + 512] != right[at:at + 512] for at in range(0, max(len(left), len(right)), 512))
