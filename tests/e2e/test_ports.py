"""Ports that cannot be had, and who has them."""

import json
import os
import pathlib
import socket
import unittest

import talk
from harness import Portico


def taken_port():
    """A port of 127.0.0.1 that this process holds, as a socket."""
    return socket.create_server(("127.0.0.1", 0))


def port(number, service="smtp", more=""):
    return f'[[port]]\nport = {number}\nservice = "{service}"\nbind = ["127.0.0.1"]\n{more}\n'


class Conflicts(unittest.TestCase):
    def assertRefused(self, config, ports=()):
        """The server does not start; what it said last is returned."""
        with self.assertRaises(AssertionError) as failure:
            with Portico(config, ports=ports):
                pass
        self.assertIn("exit code 1", str(failure.exception))
        return str(failure.exception)

    def test_a_port_of_another_process(self):
        with taken_port() as other:
            number = other.getsockname()[1]
            with Portico(port(number), ports=("pop3", "http")) as server:
                name = pathlib.Path("/proc/self/comm").read_text().strip()
                why = f"process {os.getpid()} ({name})"
                self.assertIn(why, server.log)
                [failed] = [entry for entry in json.loads(server.command("ports", "--json").stdout)
                            if entry["state"] == "failed"]
                self.assertEqual((failed["port"], failed["service"]), (number, "smtp"))
                self.assertIn(why, failed["why"])
                self.assertIn(why, server.command("ports").stdout)
                health = server.command("health", check=False)
                self.assertEqual(health.returncode, 1)
                self.assertIn(why, health.stderr)
                self.assertIsNone(server.smtp)
                talk.pop3(server.pop3).close()  # the others serve

    def test_a_port_of_another_portico(self):
        with Portico(ports=("smtp",)) as first:
            with Portico(port(first.smtp), ports=("http",)) as second:
                self.assertIn(f"process {first.pid} ({first.binary.name[:15]})", second.log)

    def test_require_all_ports(self):
        with taken_port() as other:
            said = self.assertRefused("require_all_ports = true\n" + port(other.getsockname()[1]),
                                      ports=("pop3", "http"))
            self.assertIn(f"process {os.getpid()}", said)
            self.assertIn("require_all_ports", said)

    def test_no_port_at_all(self):
        with taken_port() as other:
            self.assertRefused(port(other.getsockname()[1]))

    def test_two_port_tables_claim_the_same(self):
        with taken_port() as free:
            number = free.getsockname()[1]
        said = self.assertRefused("\n" + port(number) + port(number, "pop3"))
        self.assertIn("line 6", said)  # of the first, whose file begins with four lines of [host]

    def test_two_services_on_many_ports(self):
        extra = '[[port]]\nport = "auto"\nservice = "smtp"\nmax_recipients = 100\n'
        with Portico(extra) as server:
            ports = [entry["port"] for entry in server.ports
                     if entry["service"] == "smtp" and entry["address"] == "127.0.0.1"]
            self.assertEqual(len(set(ports)), 2)
            recipients = [f"r{number}@example.test" for number in range(101)]
            answers = []
            for number in ports:
                with talk.smtp(number) as session:
                    session.expect("250", "MAIL FROM:<>")
                    answers.append([session.ask(f"RCPT TO:<{recipient}>")[:3]
                                    for recipient in recipients].count("452"))
            self.assertEqual(sorted(answers), [0, 1])

    def test_an_address_this_machine_has_not(self):
        """As on a machine without IPv6: the port is served at the others, and that is healthy."""
        config = '[[port]]\nport = "auto"\nservice = "smtp"\nbind = ["127.0.0.1", "192.0.2.1"]\n'
        config += '[auth]\nmode = "any"\n'  # 192.0.2.1 is not loopback, so it must be written down
        with Portico("require_all_ports = true\n" + config, ports=()) as server:
            talk.smtp(server.smtp).close()
            self.assertRegex(server.log, r"warn +cannot listen for smtp .*192\.0\.2\.1")
            states = {entry["address"]: entry["state"]
                      for entry in json.loads(server.command("ports", "--json").stdout)}
            self.assertEqual(states, {"127.0.0.1": "bound", "192.0.2.1": "absent"})
            self.assertEqual(server.command("health").stdout, "healthy\n")

    def test_ipv6(self):
        with Portico() as server:
            for service, start in (("smtp", b"220"), ("pop3", b"+OK")):
                with socket.create_connection(("::1", getattr(server, service)), 20) as peer:
                    self.assertEqual(peer.recv(3), start)
