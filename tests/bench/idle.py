#!/usr/bin/env python3
"""What portico costs while nothing happens: start, stop, memory at rest and memory of an idle connection.

    tests/bench/idle.py [--binary build/release/portico] [--rounds 5] [--connections 2000]

Prints a Markdown table. Loopback only, ports and data directory of its own. See README.md beside it.
"""

import argparse
import os
import pathlib
import platform
import resource
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402

STARTS = 20
GREETS = {"smtp": True, "pop3": True, "http": False}
# What is idle: the service, and the version of TLS if it is over TLS.
CROWDS = (("smtp", None), ("pop3", None), ("http", None),
          ("smtp", ssl.TLSVersion.TLSv1_2), ("smtp", ssl.TLSVersion.TLSv1_3),
          ("http", ssl.TLSVersion.TLSv1_3))
OVER_TLS = "".join(f'\n[[port]]\nport = "auto"\nservice = "{service}"\ntls = "implicit"\n' for service in GREETS)
POLL = 0.0005  # how finely a start is seen


def rollup(pid, name):
    """Rss or Pss of a process in octets (proc(5), smaps_rollup)."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {name} for process {pid}")


def start_and_stop(server):
    """(seconds from exec to the port file, seconds from SIGTERM to the end)"""
    server.port_file.unlink(missing_ok=True)
    began = time.perf_counter()
    process = subprocess.Popen([server.binary, "--config", server.config], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=server.folder)
    while not server.port_file.exists():
        if process.poll() is not None:
            raise RuntimeError(f"portico ended with exit code {process.returncode}")
        time.sleep(POLL)
    started = time.perf_counter()
    time.sleep(0.05)  # at rest, so that the stop is not part of the start
    stop_began = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    return started - began, time.perf_counter() - stop_began


def settled(pid, name):
    """The value once it no longer changes."""
    before = None
    for _ in range(50):
        now = rollup(pid, name)
        if now == before:
            return now
        before = now
        time.sleep(0.1)
    return before


def trusting_anyone(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    return context


def per_connection(server, service, version, count):
    """Octets of Pss that one idle connection adds: after its greeting, where there is one."""
    encryption = "implicit" if version else "none"
    port = next(port["port"] for port in server.ports
                if (port["service"], port["encryption"], port["address"]) == (service, encryption, "127.0.0.1"))
    context = trusting_anyone(version) if version else None
    before = settled(server.pid, "Pss")
    sockets = []
    try:
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=60)
            if context:
                client = context.wrap_socket(client)
            sockets.append(client)
            if GREETS[service] and not client.recv(1000):
                raise RuntimeError(f"{service} closed after {len(sockets)} connections")
        if not GREETS[service]:  # the last one is served: all are accepted on its loop; then it settles
            sockets[-1].sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            sockets[-1].recv(1000)
        return (settled(server.pid, "Pss") - before) / count
    finally:
        for client in sockets:
            client.close()


def row(what, values, unit, digits):
    shown = [f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
    return f"| {what} | {shown[0]} {unit} | {shown[1]} to {shown[2]} | {len(values)} |"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", type=pathlib.Path, default=harness.ROOT / "build/release/portico")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--connections", type=int, default=2000)
    chosen = options.parse_args()
    if not chosen.binary.exists():
        sys.exit(f"{chosen.binary} is not there: cmake --preset release && cmake --build --preset release")
    chosen.binary = chosen.binary.absolute()
    if b"__asan_init" in chosen.binary.read_bytes():
        sys.exit(f"{chosen.binary} has a sanitizer in it, whose memory this would measure")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(chosen.connections, hard - 200)

    with harness.Portico(binary=chosen.binary) as server:
        server.stop()  # the database is made now
        times = [start_and_stop(server) for _ in range(STARTS)]
    rss, pss = [], []
    connections = {crowd: [] for crowd in CROWDS}
    for _ in range(chosen.rounds):
        for service, version in CROWDS:
            # A new server for each: what one crowd has warmed up is not free for the next.
            with harness.Portico(OVER_TLS if version else "", binary=chosen.binary) as fresh:
                if not version:
                    rss.append(settled(fresh.pid, "Rss"))
                    pss.append(rollup(fresh.pid, "Pss"))
                connections[service, version].append(per_connection(fresh, service, version, count))

    mib = 1 << 20
    print(f"{chosen.binary.stat().st_size / mib:.1f} MiB binary, {os.cpu_count()} cores, "
          f"{platform.system()} {platform.release()}, load average {os.getloadavg()[0]:.1f}\n")
    print("| measure | median | spread | n |")
    print("|---|---|---|---|")
    print(row("start: exec to port file", [start * 1e3 for start, _ in times], "ms", 1))
    print(row("stop: SIGTERM to exit", [stop * 1e3 for _, stop in times], "ms", 1))
    print(row("idle server, RSS", [value / mib for value in rss], "MiB", 1))
    print(row("idle server, PSS", [value / mib for value in pss], "MiB", 1))
    for (service, version), values in connections.items():
        over = f" over TLS 1.{version - ssl.TLSVersion.TLSv1}" if version else ""
        print(row(f"idle {service.upper()} connection{over}, PSS ({count} open)",
                  [value / 1024 for value in values], "KiB", 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
