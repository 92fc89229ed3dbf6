"""Headless Chromium with a home of its own, in which it can be told to trust an authority."""

import os
import subprocess

from harness import program, run

SECONDS = 60
# What would make it ask other hosts, or look for a graphics card, is off.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1100,1300",
         "--virtual-time-budget=30000")  # lets scripts wait for what they fetch; not a wait of ours


class Chromium:
    """Each call is a run of its own; what it has in its cache it keeps from one to the next."""

    def __init__(self, home):
        self.home = home
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}

    def trust(self, certificate):
        """As a user does by its settings."""
        database = self.home / ".pki/nssdb"
        database.mkdir(parents=True)
        run([program("certutil"), "-d", f"sql:{database}", "-N", "--empty-password"])
        run([program("certutil"), "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", "test authority",
             "-i", certificate])

    def dom(self, url):
        """The document as it is once it has loaded and its scripts have run."""
        return self._run("--dump-dom", url)

    def screenshot(self, url, path):
        self._run(f"--screenshot={path}", url)

    def _run(self, *arguments):
        done = subprocess.run([program("chromium"), *FLAGS, f"--user-data-dir={self.home}/profile",
                               *arguments], capture_output=True, timeout=SECONDS,
                              env=self.environment, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"chromium ended with exit code {done.returncode}\n"
                                 + done.stderr.decode(errors="replace"))
        return done.stdout.decode()
