#!/usr/bin/env python3
"""Messages a second into portico by SMTP and out of it by POP3, from one client process in Python.

    tests/bench/mail.py [--binary build/release/portico] [--rounds 5]

Prints a Markdown table. Where Debian's postfix is installed, its smtp-sink, which stores nothing, takes the
same messages: what is between the two is the client. Loopback only. See README.md beside it.
"""

import argparse
import asyncio
import contextlib
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import crowd  # noqa: E402
import harness  # noqa: E402

CONNECTIONS = 16
MESSAGES = 50  # of each connection
SIZES = (1 << 10, 10 << 10, 100 << 10)


async def send(port, number, message):
    async with await crowd.Peer.connect(port) as peer:
        await peer.expect("220")
        await peer.expect("250", "EHLO bench.example.net")
        octets = crowd.stuffed(message) + b".\r\n"
        for _ in range(MESSAGES):
            await peer.expect("250", "MAIL FROM:<bench@example.net>")
            await peer.expect("250", f"RCPT TO:<bench{number}@example.test>")
            await peer.expect("354", "DATA")
            await peer.send(octets)
            await peer.expect("250")
        await peer.expect("221", "QUIT")


async def fetch(port, number):
    async with await crowd.Peer.connect(port) as peer:
        await crowd.begin_pop3(peer, f"bench{number}@example.test")
        for message in range(1, MESSAGES + 1):
            await peer.multi(f"RETR {message}")
            await peer.expect("+OK", f"DELE {message}")
        await peer.expect("+OK", "QUIT")


def rate(work):
    """Messages a second while all connections do `work` at once."""
    async def all_at_once():
        await asyncio.gather(*(work(number) for number in range(CONNECTIONS)))

    began = time.perf_counter()
    asyncio.run(all_at_once())
    return CONNECTIONS * MESSAGES / (time.perf_counter() - began)


@contextlib.contextmanager
def smtp_sink():
    """The port of postfix's smtp-sink, or None where it is not installed."""
    program = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([program, f"127.0.0.1:{port}", "100"], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except ConnectionRefusedError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("smtp-sink does not start") from None
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def row(what, size, rates, ratio=""):
    return (f"| {what} | {size >> 10} KiB | {statistics.median(rates):.0f} | {min(rates):.0f} to {max(rates):.0f} "
            f"| {len(rates)} | {ratio} |")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", type=pathlib.Path, default=harness.ROOT / "build/release/portico")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    if not chosen.binary.exists():
        sys.exit(f"{chosen.binary} is not there: cmake --preset release && cmake --build --preset release")
    own = random.Random(1)
    rows = []
    with harness.Portico(binary=chosen.binary.absolute()) as server, smtp_sink() as sink:
        for size in SIZES:
            message = crowd.make_message(own, size, "bench")
            incoming, outgoing, swallowed = [], [], []
            for _ in range(chosen.rounds):  # by turns, so that what else the machine does meets all alike
                incoming.append(rate(lambda number: send(server.smtp, number, message)))
                outgoing.append(rate(lambda number: fetch(server.pop3, number)))
                if sink:
                    swallowed.append(rate(lambda number: send(sink, number, message)))
            ratio = f"{statistics.median(incoming) / statistics.median(swallowed):.2f}" if sink else ""
            rows.append(row("SMTP in, durable at 250", size, incoming, ratio))
            rows.append(row("POP3 out: RETR and DELE", size, outgoing))
            if sink:
                rows.append(row("smtp-sink, stores nothing", size, swallowed, "1"))
    print(f"{CONNECTIONS} connections, {MESSAGES} messages each, {os.cpu_count()} cores, load average "
          f"{os.getloadavg()[0]:.1f}. One client process in Python: it is the limit, not the server.\n")
    print("| what | size | messages/s, median | spread | n | to smtp-sink |")
    print("|---|---|---|---|---|---|")
    print("\n".join(rows))
    if not any("smtp-sink" in line for line in rows):
        print("\nsmtp-sink (Debian package postfix) is not installed: no ratio.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
