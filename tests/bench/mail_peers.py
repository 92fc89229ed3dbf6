"""The servers that tests/bench/mail sets beside portico, each with a configuration, a folder and a port of its own.

None of them is the system's service: every process is started here, below one that is stopped by its number.
"""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
BOXES = 100  # mailboxes bench0@example.test and so on
POSTFIX = "/usr/lib/postfix/sbin"

# Postfix as Debian installs it, for virtual mailboxes on this machine only; without the limits that are there to hold
# back one client, and without the name server that nobody asks here.
MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {sbin}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = {folder}/maildirs
virtual_mailbox_maps = texthash:{folder}/boxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_mailbox_limit = 0
message_size_limit = 104857600
default_process_limit = 200
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
disable_dns_lookups = yes
"""
MASTER = """127.0.0.1:{port} inet n - n - 200 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
"""

# What Dovecot's manual says makes logins and reading fast: login processes that serve many (high-performance mode),
# mail processes that are used again, passwords compared as they are and cached, nothing synced, no flags to update,
# sizes from the names of the files.
DOVECOT = """protocols = pop3
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_cache_size = 10M
auth_cache_ttl = 1 hour
auth_worker_max_count = 2
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:~/Maildir
mail_fsync = never
maildir_very_dirty_syncs = yes
maildir_stat_dirs = no
pop3_no_flag_updates = yes
pop3_fast_size_lookups = yes
pop3_lock_session = no
verbose_proctitle = no
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 2
  client_limit = 1000
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service pop3 {{
  service_count = 0
  process_min_avail = 8
  client_limit = 1
}}
service anvil {{
  client_limit = 4000
}}
service stats {{
  client_limit = 4000
}}
service auth {{
  client_limit = 4000
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def put_aside(path, folder):
    """Takes a server's files away, but keeps them, empty, for as long as `folder` is there.

    ext4 without a journal passes over what was freed in the last minutes, inode by inode, each time that it makes a
    file: what was cleared away here would be paid for by whoever is measured next.
    """
    aside = folder / "aside"
    aside.mkdir(exist_ok=True)
    moved = path.rename(aside / str(len(os.listdir(aside))))
    for file in moved.rglob("*"):
        if file.is_file():
            os.truncate(file, 0)


def family(pid):
    """A process and all that it and its children have started."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_seconds(pid):
    """Of all threads of all of a server's processes, exact where the kernel keeps nanoseconds; of those that have
    ended meanwhile, as their parent has it, in ticks."""
    spent = 0.0
    for process in family(pid):
        try:
            for thread in pathlib.Path(f"/proc/{process}/task").iterdir():
                spent += int((thread / "schedstat").read_text().split()[0]) / 1e9
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            spent += (int(fields[13]) + int(fields[14])) / TICKS  # cutime, cstime
        except (FileNotFoundError, ProcessLookupError):
            continue
    return spent


def program(name, *folders):
    return shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"], "/usr/sbin"]))


class Peer:
    """A process that listens on `port`, and is stopped by its number."""

    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        self.pid = self.process.pid
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{name} does not answer")

    def settle(self):
        """Waits until what was accepted is done with."""

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Sink(Peer):
    """Postfix's smtp-sink, which throws mail away."""

    def __init__(self):
        port = free_port()
        super().__init__("smtp-sink", [program("smtp-sink"), "-u", "nobody", f"127.0.0.1:{port}", 1000], port)


class Postfix(Peer):
    """Its own queue and configuration; `settle` waits for the queue to be delivered and empties the Maildirs."""

    def __init__(self, folder):
        nobody = pwd.getpwnam("nobody")
        self.folder = folder
        self.maildirs = folder / "maildirs"
        for path in (folder, folder / "conf", folder / "queue", folder / "data", self.maildirs):
            path.mkdir()
        os.chown(self.maildirs, nobody.pw_uid, nobody.pw_gid)
        shutil.chown(folder / "data", "postfix")
        port = free_port()
        values = {"folder": folder, "port": port, "uid": nobody.pw_uid, "gid": nobody.pw_gid, "sbin": POSTFIX}
        (folder / "conf/main.cf").write_text(MAIN.format(**values))
        (folder / "conf/master.cf").write_text(MASTER.format(**values))
        (folder / "boxes").write_text("".join(f"bench{i}@example.test bench{i}/\n" for i in range(BOXES)))
        # Makes the folders of the queue.
        subprocess.run([program("postfix"), "-c", folder / "conf", "check"], check=True, capture_output=True)
        super().__init__("Postfix", [f"{POSTFIX}/master", "-c", folder / "conf", "-d"], port)

    def waiting(self):
        return any(files for queue in ("maildrop", "incoming", "active", "deferred")
                   for _, _, files in os.walk(self.folder / "queue" / queue))

    def settle(self):
        end = time.monotonic() + 120
        while self.waiting():
            if time.monotonic() > end:
                raise RuntimeError("Postfix does not deliver")
            time.sleep(0.02)

    def empty(self):
        for box in list(self.maildirs.iterdir()):
            put_aside(box, self.folder)


class Dovecot(Peer):
    """pop3d over Maildirs that hold `messages` of `size` octets in each of `boxes`."""

    def __init__(self, folder, boxes, messages, size):
        nobody = pwd.getpwnam("nobody")
        folder.mkdir()
        (folder / "home").mkdir()
        port = free_port()
        values = {"folder": folder, "port": port, "uid": nobody.pw_uid, "gid": nobody.pw_gid}
        (folder / "conf").write_text(DOVECOT.format(**values) + f"first_valid_uid = {nobody.pw_uid}\n"
                                     f"first_valid_gid = {nobody.pw_gid}\n")
        (folder / "users").write_text("".join(f"bench{i}@example.test:secret\n" for i in range(boxes)))
        line = b"x" * 76 + b"\r\n"
        text = b"Subject: a message to measure with\r\nFrom: bench@example.net\r\n\r\n" + line * (size // len(line))
        text = text[:size - 2] + b"\r\n"
        for i in range(boxes):
            maildir = folder / f"home/bench{i}@example.test/Maildir"
            for name in ("cur", "new", "tmp"):
                (maildir / name).mkdir(parents=True)
            for number in range(messages):
                (maildir / f"cur/{1700000000 + number}.M{number}P1.mx,S={size},W={size}:2,S").write_bytes(text)
        for root, names, files in os.walk(folder / "home"):
            for name in (".", *names, *files):
                os.chown(os.path.join(root, name), nobody.pw_uid, nobody.pw_gid)
        super().__init__("Dovecot", [program("dovecot"), "-F", "-c", folder / "conf"], port)
