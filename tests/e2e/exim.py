"""One run of Exim as a client: it takes a message on its standard input and delivers it to a port.

Exim cannot be installed beside Postfix, so deploy/install unpacks its package into build/exim. It
insists on its own user, which that does not make: libnss_wrapper shows it one.
"""

import os
import pwd
import re

from harness import ROOT, program, run

BINARY = ROOT / "build/exim/usr/sbin/exim4"
USER = "Debian-exim"
WRAPPER = ("LD_PRELOAD", "NSS_WRAPPER_PASSWD", "NSS_WRAPPER_GROUP")


def binary():
    return BINARY if BINARY.exists() else program("exim4")


def deliver(folder, host, port, sender, recipient, message, *, transport=(), authenticator=()):
    """Delivers one message, or raises AssertionError with Exim's log.

    `folder` holds what it needs; all the way to it, everyone must be allowed to pass. `transport`
    are options of its smtp transport, `authenticator` the lines of one, if it shall log in.
    Only root can run it, since it changes to its own user.
    """
    nobody = pwd.getpwnam("nobody")
    folder.chmod(0o755)
    users, groups = folder / "passwd", folder / "group"
    users.write_text(f"root:x:0:0::/:/bin/sh\n{USER}:x:{nobody.pw_uid}:{nobody.pw_gid}::/:/bin/false\n")
    groups.write_text(f"root:x:0:\n{USER}:x:{nobody.pw_gid}:\n")
    config, own = folder / "exim.conf", folder / "exim"
    own.mkdir()
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    log = own / "mainlog"
    options = {"port": port, "hosts_try_chunking": "*", "allow_localhost": "yes", **dict(transport)}
    config.write_text("\n".join((
        f"keep_environment = {' : '.join(WRAPPER)} : PATH",
        f"exim_path = {binary()}", f"spool_directory = {own}/spool", f"log_file_path = {own}/%slog",
        "primary_hostname = client.example.net", "host_lookup =", "disable_ipv6 = yes",
        "message_size_limit = 0", "deliver_drop_privilege = yes",
        "smtputf8_advertise_hosts =",
        "begin routers", "all:", "  driver = manualroute", f"  route_list = * {host} byname",
        "  self = send", "  transport = port",
        "begin transports", "port:", "  driver = smtp",
        *(f"  {name} = {value}" for name, value in options.items()),
        "begin authenticators", *authenticator, "")))
    environment = {"PATH": os.environ["PATH"], "LD_PRELOAD": "libnss_wrapper.so",
                   "NSS_WRAPPER_PASSWD": str(users), "NSS_WRAPPER_GROUP": str(groups)}
    done = run([binary(), "-C", config, "-odi", "-oi", "-f", sender, recipient], input=message,
               check=False, cwd=folder, env=environment)
    # Exim's exit code is about taking the message; what became of it stands in its log.
    story = log.read_text(errors="replace") if log.exists() else ""
    if done.returncode != 0 or not re.search(rf" [=-]> {re.escape(recipient)} .*\n.* Completed\n", story):
        raise AssertionError(f"Exim has not delivered to {recipient} ({done.returncode})\n"
                             f"{done.stdout}{done.stderr}{story}")
    return story
