"""kill -9 under load and restart, again and again on the same data: what was answered 250 is there."""

import asyncio
import collections
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

import crowd
import harness
from crowd import Peer

ROUNDS = int(os.environ.get("PORTICO_CRASH_ROUNDS", 20))
SEED = int(os.environ.get("PORTICO_CRASH_SEED", random.SystemRandom().randrange(1 << 32)))
SECONDS = 60  # for a round's clients or one check; only ends a test that hangs
SENDERS = 6
DELETERS = 2
MAILBOXES = [f"box{number}@example.test" for number in range(6)]
LOST = (ConnectionError, asyncio.IncompleteReadError)  # how a client sees the kill


class Ledger:
    """What the server has promised, and what it may or may not have done."""

    def __init__(self):
        self.digests = {}  # key -> digest, of every message that was ever sent
        self.ids = {}      # ID -> key, of every message ever seen; an ID never means two
        self.present = {mailbox: {} for mailbox in MAILBOXES}  # mailbox -> {ID: key}
        self.unanswered = collections.defaultdict(set)  # key -> mailboxes: sent, but no 250 came
        self.leaving = {mailbox: set() for mailbox in MAILBOXES}  # IDs: QUIT sent, but no +OK came
        self.deleted = {mailbox: set() for mailbox in MAILBOXES}  # IDs: +OK to QUIT
        self.checked = {mailbox: set() for mailbox in MAILBOXES}  # IDs whose octets were compared
        self.accepted = 0
        self.stored_unanswered = 0

    def learn(self, id, key):
        if self.ids.setdefault(id, key) != key:
            raise AssertionError(f"the ID {id} was {self.ids[id]} and now is {key}")


# --- the load -----------------------------------------------------------------------------------

async def sender(port, ledger, number, round):
    own = random.Random(f"{SEED}-{round}-{number}")
    try:
        async with await Peer.connect(port) as peer:
            await crowd.begin_smtp(peer)
            for count in range(10_000):
                # Rows up to 64 KiB, files above.
                octets = own.choice((own.randrange(1 << 10, 8 << 10), own.randrange(1 << 10, 64 << 10),
                                     own.randrange(60 << 10, 70 << 10), own.randrange(64 << 10, 300 << 10)))
                key = f"{round}-{number}-{count}"
                message = crowd.make_message(own, octets, key)
                to = own.sample(MAILBOXES, own.randint(1, 3))
                ledger.digests[key] = crowd.digest(message)
                ledger.unanswered[key] = set(to)
                id = await crowd.send_message(peer, message, to, pipelined=number % 2 == 0)
                del ledger.unanswered[key]
                ledger.learn(id, key)
                ledger.accepted += 1
                for mailbox in to:
                    ledger.present[mailbox][id] = key
    except LOST:
        pass


async def deleter(port, ledger, number, round):
    """Sessions that delete a few old messages, each in mailboxes of its own."""
    own = random.Random(f"{SEED}-{round}-deleter-{number}")
    try:
        for count in range(10_000):
            mailbox = own.choice(MAILBOXES[number::DELETERS])
            async with await Peer.connect(port) as peer:
                await crowd.begin_pop3(peer, mailbox)
                uidl = await crowd.listing(peer, "UIDL")
                # Only what was answered 250, so that the rest is stored for all or for none.
                known = [message for message in uidl if uidl[message] in ledger.present[mailbox]]
                chosen = own.sample(known, min(len(known), own.randint(0, 4)))
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


async def load_until_killed(server, ledger, round, seconds):
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as clients:
        for number in range(SENDERS):
            clients.create_task(sender(server.smtp, ledger, number, round))
        for number in range(DELETERS):
            clients.create_task(deleter(server.pop3, ledger, number, round))
        await asyncio.sleep(seconds)  # the moment of the crash, not a synchronisation
        server.kill()


# --- the reckoning ------------------------------------------------------------------------------

async def reckon(server, ledger, everything):
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
                raise AssertionError(f"{mailbox}: deleted, answered +OK, and back: {back}")
            keys = set()
            for number, id in uidl.items():
                if id in ledger.checked[mailbox] and not everything:
                    keys.add(ledger.ids[id])
                    continue
                message = crowd.without_trace(await peer.multi(f"RETR {number}"))
                key = crowd.key_of(message)
                if crowd.digest(message) != ledger.digests.get(key):
                    raise AssertionError(f"{mailbox}: {id} is not whole: key {key}, {len(message)} octets")
                if key in keys:
                    raise AssertionError(f"{mailbox}: {key} is there twice")
                keys.add(key)
                ledger.learn(id, key)
                if id not in present:
                    # Nobody read a 250 for it, but it may have been stored all the same.
                    if mailbox not in ledger.unanswered.get(key, ()):
                        raise AssertionError(f"{mailbox}: {key} as {id}, which was never sent there")
                    found[key].add(mailbox)
                present[id] = key
                ledger.checked[mailbox].add(id)
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


class Crash(unittest.TestCase):
    def test_what_was_acknowledged_survives_kill_9(self):
        print(f"{harness.users_binary()}, seed {SEED} (PORTICO_CRASH_SEED)", flush=True)
        moments = random.Random(SEED)
        ledger = Ledger()
        began = time.monotonic()
        unanswered = 0
        server = harness.Portico(binary=harness.users_binary())
        with server:
            for round in range(ROUNDS):
                asyncio.run(load_until_killed(server, ledger, round, moments.uniform(0.05, 0.8)))
                unanswered += len(ledger.unanswered)
                check_copy_of_database(server.data)
                if round % 4 == 3:
                    self.kill_while_it_starts(server, moments.uniform(0, 0.05))
                server.start()
                check_bodies(server.data)
                asyncio.run(reckon(server, ledger, everything=round == ROUNDS - 1))
            with_file = check_bodies(server.data)
            server.stop()
            check_database(server.data)
            check_bodies(server.data)
            server.start()  # to be stopped by the block
        there = sum(map(len, ledger.present.values()))
        gone = sum(map(len, ledger.deleted.values()))
        print(f"{ROUNDS} crashes in {time.monotonic() - began:.0f} s: {ledger.accepted} messages accepted, "
              f"{unanswered} unanswered of which {ledger.stored_unanswered} are stored, {there} found in mailboxes, {gone} deleted, {with_file} in files",
              flush=True)
        # Otherwise it has shown nothing.
        self.assertGreater(ledger.accepted, 5 * ROUNDS)
        self.assertGreater(gone, 0)
        self.assertGreater(with_file, 0)

    def kill_while_it_starts(self, server, seconds):
        process = subprocess.Popen([server.binary, "--config", server.config], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=server.folder)
        time.sleep(seconds)
        process.kill()
        process.wait()


if __name__ == "__main__":
    unittest.main()
