"""kill -9 under load and restart, again and again on the same data: what was answered 250 is there, and what
was deleted stays away. Then the same with power cuts, which throw away what was never synced."""

import asyncio
import os
import random
import time
import unittest

import crashes
import crowd
import harness
import talk
from crashes import MAILBOXES, SEED, Ledger, Server, UnsyncedServer

ROUNDS = int(os.environ.get("PORTICO_CRASH_ROUNDS", 20))
POWER_CUTS = int(os.environ.get("PORTICO_POWER_CUTS", 12))


class Crash(unittest.TestCase):
    def crash(self, server, rounds):
        print(f"{harness.users_binary()}, seed {SEED} (PORTICO_CRASH_SEED)", flush=True)
        moments = random.Random(SEED)
        ledger = Ledger()
        began = time.monotonic()
        with server:
            for round in range(rounds):
                asyncio.run(crashes.load_until_killed(server, ledger, round, moments.uniform(0.05, 0.6)))
                crashes.check_copy_of_database(server.data)
                if round % 4 == 3:
                    server.kill_while_it_starts(moments.uniform(0, 0.05))
                server.start()
                crashes.check_bodies(server.data)
                asyncio.run(crashes.reckon(server, ledger, everything=round == rounds - 1))
            server.stop()
            if isinstance(server, UnsyncedServer):
                server.cut()  # a moment after it has ended
            crashes.check_database(server.data)
            server.start()
            with_file = crashes.check_bodies(server.data)
            asyncio.run(crashes.reckon(server, ledger))
        there = sum(map(len, ledger.present.values()))
        gone = sum(map(len, ledger.deleted.values()))
        print(f"{rounds} ends in {time.monotonic() - began:.0f} s: {ledger.accepted} messages accepted, "
              f"{ledger.chunked} of them by BDAT; without an answer {ledger.stored_unanswered} stored and "
              f"{ledger.lost_unanswered} not; {there} in mailboxes, {gone} deleted, {with_file} in files", flush=True)
        # Otherwise it has shown nothing.
        self.assertGreater(ledger.accepted, 5 * rounds)
        self.assertGreater(ledger.chunked, 0)
        self.assertGreater(gone, 0)
        self.assertGreater(with_file, 0)

    def test_what_was_acknowledged_survives_kill_9(self):
        self.crash(Server(), ROUNDS)

    def test_what_was_acknowledged_survives_a_power_cut(self):
        server = UnsyncedServer(seed=SEED)
        self.crash(server, POWER_CUTS)
        names, sectors = server.thrown_away
        print(f"thrown away: {names} names, {sectors} sectors of the database's files", flush=True)
        self.assertGreater(names, 0)
        self.assertGreater(sectors, 0)


class PowerCut(unittest.TestCase):
    """The test above can fail: without its syncs the server loses mail, and that shows."""

    def deliver_and_cut(self, octets, **options):
        ledger = Ledger()
        to = MAILBOXES[0]
        message = crowd.make_message(random.Random(octets), octets, "only")
        ledger.digests["only"] = crashes.digest(message)
        ledger.unanswered["only"] = {to}
        with UnsyncedServer(**options) as server:
            ledger.take(talk.deliver(server.smtp, message, [to]), "only", [to])
            server.kill()
            server.start()
            try:
                asyncio.run(crashes.reckon(server, ledger))
            except AssertionError as error:
                return str(error)
            return None

    def test_what_is_synced_stays(self):
        for octets in (2000, 300_000):
            self.assertIsNone(self.deliver_and_cut(octets))

    def test_relaxed_durability_loses_mail(self):
        lost = self.deliver_and_cut(2000, config_extra='[mail]\ndurability = "relaxed"')
        self.assertIn("answered 250 and lost", lost)

    def test_a_wal_that_is_not_synced_loses_mail(self):
        for octets in (2000, 300_000):
            self.assertIn("answered 250 and lost", self.deliver_and_cut(octets, ignore="mail.db-wal"))

    def test_a_body_that_is_not_synced_loses_mail(self):
        self.assertIn("RETR", self.deliver_and_cut(300_000, ignore="bodies/"))

    def test_a_name_that_is_not_synced_loses_mail(self):
        self.assertIn("RETR", self.deliver_and_cut(300_000, ignore="bodies"))


if __name__ == "__main__":
    unittest.main()
