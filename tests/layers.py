#!/usr/bin/env python3
"""Checks that the tree obeys its own layers: who may include what, and a few rules that no compiler knows.

    tests/layers.py              check the tree this file is in; exit code 1 if anything is wrong
    tests/layers.py --root DIR   check another one
    tests/layers.py --self-test  check that every rule can fail, on a generated bad tree
"""

import argparse
import pathlib
import re
import sys
import tempfile

SHARED = {"mail", "accounts", "mime"}  # what protocols share: every service may know them
ALSO = {  # beyond net/, config/, a service's own folder and the shared ones
    "console": {"catalog", "http", "host"},
    "control": {"host"},
    "inspect": {"http"},
    "mailpit": {"control", "host"},  # asks whether a server is ready
    "store": {"control", "host"},  # asks a running server, or locks the data directory in its place
}
# A pure file decides and does no I/O: all of a protocol's folder but these. http/engine is what
# services stand on, http/root reads files, http/access_log writes one.
IO_FILES = re.compile(r"/(service|http/(engine|exchange|conversation|body|router|websocket_channel"
                      r"|root|access_log)|inspect/handlers|console/(process|scrape|waits|waiting_session|mailboxes"
                      r"|v1|v1_(application|changes|events|feed|lists|messages|send))|mailpit/readyz"
                      r"|catalog/(catalog|disk_catalog|answers|keeper|tidying|follower|announcer|state"
                      r"|sources|turn|shelf|search|packed_file))\.[ch]pp$")
ON_HTTP = {"catalog", "inspect", "console", "mailpit", "mime"}  # no protocols, but they decide and do I/O apart, too
PURE_NET = {"net/transcript.hpp"}  # an interface of two functions over std::string_view
# Libraries that have one place in the tree. Asio is net's, and where coroutines carry steps out.
ONE_PLACE = {
    "toml++": ("config/",),
    "openssl": ("net/", "services/accounts/", "services/host/", "services/mail/",
                "services/http/websocket_handshake.cpp", "services/mime/checksums.cpp"),
    "sqlite3": ("services/mail/",),
    "xxhash": ("services/mail/",),
    "llhttp": ("services/http/",),
    "unicase": ("services/mime/",),
    "zlib": ("services/http/", "services/inspect/"),
    "spdlog": ("services/log/",),
    "CLI": ("services/main.cpp",),
}
CODE = {".cpp", ".hpp"}
TEXT = CODE | {".py", ".sh", ".md", ".txt", ".toml", ".json", ".cmake", ".yaml", ".yml", ".service",
               ".html", ".css", ".js", ""}
SKIP = {"build", ".git", "__pycache__"}
# Spelled in two pieces, so that this file passes its own check.
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:" + "wo" + r"rk|home)/\w")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
COMMENT_OR_TEXT = re.compile(
    r'R"(?P<mark>[^\s()\\]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    r"|//[^\n]*|/\*.*?\*/", re.S)


class Violation(tuple):
    def __new__(cls, file, line, what):
        return super().__new__(cls, (file, line, what))

    def __str__(self):
        return "{}:{}: {}".format(*self)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def without_comments_and_texts(source):
    """The same length and lines, but nothing that only looks like code."""
    return COMMENT_OR_TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = {}  # path within the tree -> text
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root)
            if SKIP.intersection(name.parts) or path.suffix not in TEXT or not path.is_file():
                continue
            try:
                self.files[name.as_posix()] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
        self.includes = {name: list(self._includes(text)) for name, text in self.files.items()
                         if pathlib.PurePosixPath(name).suffix in CODE}
        self.protocols = {name.split("/")[1] for name in self.files
                          if re.fullmatch(r"services/\w+/protocol\.[ch]pp", name)} | ON_HTTP

    @staticmethod
    def _includes(text):
        for found in INCLUDE.finditer(text):
            yield line_of(text, found.start()), found[1] or found[2], found[1] is not None

    def product(self):
        return [name for name in self.includes if name.startswith(("config/", "net/", "services/"))]

    def is_pure(self, name):
        parts = name.split("/")
        return (len(parts) > 2 and parts[0] == "services" and parts[1] in self.protocols
                and not IO_FILES.search(name))


def refusal(name, included):
    """Why `name` may not include `included`, or None."""
    to = included.split("/")
    if to[0] not in ("config", "net", "services") or name == "services/main.cpp":
        return None
    own = name.split("/")
    if own[0] == "config" and to[0] != "config":
        return "config/ knows nothing of " + to[0] + "/"
    if own[0] == "net" and to[0] != "net":
        return "net/ knows nothing of " + to[0] + "/"
    if own[0] == "services" and to[0] == "services":
        allowed = {own[1]} | SHARED | ALSO.get(own[1], set())
        if own[1] in SHARED:
            allowed = {own[1]} | SHARED
        if len(to) < 3 or to[1] not in allowed:
            return "services/{}/ may not know services/{}".format(own[1], "/".join(to[1:2]))
    return None


def check_layers(tree):
    for name in tree.product():
        for line, included, quoted in tree.includes[name]:
            if quoted:
                why = refusal(name, included)
                if why:
                    yield Violation(name, line, f'"{included}": {why}')
                if included not in tree.files:
                    yield Violation(name, line, f'"{included}" is not in the tree (paths start at its root)')
                continue
            for library, places in ONE_PLACE.items():
                if re.match(re.escape(library) + r"[./]", included) and not name.startswith(places):
                    yield Violation(name, line, f"<{included}>: only {' and '.join(places)} may")


def check_pure(tree):
    """No Asio and no net/ in a pure file, nor in anything that it includes."""
    for name in filter(tree.is_pure, tree.product()):
        for line, included, quoted in tree.includes[name]:
            way = reach_io(tree, included, quoted, {name})
            if way:
                yield Violation(name, line, "a pure file reaches I/O: " + " -> ".join(way))


def reach_io(tree, included, quoted, seen):
    if not quoted:
        return [f"<{included}>"] if re.match(r"asio[./]", included) else None
    if included in PURE_NET or included in seen:
        return None
    if included.startswith("net/"):
        return [included]
    seen.add(included)
    for _, deeper, is_quoted in tree.includes.get(included, []):
        way = reach_io(tree, deeper, is_quoted, seen)
        if way:
            return [included] + way
    return None


def closing(code, start):
    """Just behind the bracket that closes the one at `start`."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    depth = 0
    for offset in range(start, len(code)):
        if code[offset] in pairs:
            depth += 1
        elif code[offset] in pairs.values():
            depth -= 1
            if depth == 0:
                return offset + 1
    return len(code)


def lambdas(code):
    """Each lambda's (offset, captures, what stands before its body, body). Best effort."""
    for found in re.finditer(r"\[(?!\[)", code):
        before = code[:found.start()].rstrip()
        if re.search(r"[\w\])\[]$", before) and not re.search(r"\b(return|co_return|co_await)$", before):
            continue  # a subscript, an attribute, or a structured binding
        end = closing(code, found.start())
        captures = code[found.start() + 1:end - 1].strip()
        body = code.find("{", end)
        head = code[end:body] if body >= 0 else ""
        # Parameters, specifiers and a return type; anything else is no lambda.
        if body < 0 or not re.fullmatch(
                r"\s*(<[^{}]*>)?\s*(\([^{};]*\))?[\s\w]*(->[\s\w:<>,&*]+)?\s*", head):
            continue
        yield found.start(), captures, head, code[body:closing(code, body)]


def check_coroutines(tree):
    for name in tree.product():
        code = without_comments_and_texts(tree.files[name])
        for found in re.finditer(r"\bdetached\b", code):
            yield Violation(name, line_of(code, found.start()), "`detached`: every coroutine has an owner")
        for offset, captures, head, body in lambdas(code):
            inner = body
            for _, _, _, nested in list(lambdas(body)):
                inner = inner.replace(nested, "")
            is_coroutine = re.search(r"->\s*(\w+::)*Task\s*<", head) or re.search(
                r"\bco_(await|return|yield)\b", inner)
            if captures and is_coroutine:
                yield Violation(name, line_of(code, offset),
                                f"a lambda that captures [{captures}] is a coroutine")


def check_paths(tree):
    for name, text in tree.files.items():
        for found in MACHINE_PATH.finditer(text):
            yield Violation(name, line_of(text, found.start()), f"a path of one machine: {found[0]}...")


RULES = (check_layers, check_pure, check_coroutines, check_paths)


def check(root):
    tree = Tree(root)
    return tree, [violation for rule in RULES for violation in rule(tree)]


# --- the check of the check ---------------------------------------------------------------------

GOOD = {
    "config/config.hpp": "#include <string>\n",
    "net/connection.hpp": '#include "net/task.hpp"\n',
    "net/task.hpp": "#include <asio/awaitable.hpp>\n",
    "net/transcript.hpp": "#include <string_view>\n",
    "services/mail/error.hpp": "",
    "services/mail/store.hpp": '#include "net/task.hpp"\n',
    "services/http/service.hpp": '#include "net/connection.hpp"\n',
    "services/smtp/protocol.hpp": '#include "config/config.hpp"\n#include "net/transcript.hpp"\n'
                                  '#include "services/mail/error.hpp"\n',
    "services/smtp/service.cpp": '#include "services/smtp/protocol.hpp"\n#include "net/connection.hpp"\n'
                                 "// never detached\nauto text = \"detached\";\n"
                                 "auto fine = [this] { return 1; };\n"
                                 "auto also = [] () -> net::Task<void> { co_return; };\n"
                                 "auto [a, b] = co_await pair();\nco_await c[d];\n"
                                 "auto outer = [&] { return [] { co_return; }; };\n",
    "services/console/service.hpp": '#include "services/http/service.hpp"\n',
    "services/main.cpp": '#include "services/smtp/protocol.hpp"\n#include "services/http/service.hpp"\n'
                         "#include <CLI/CLI.hpp>\n",
}
BAD = {  # file: (what is added to it, what the violation must say)
    "net/connection.hpp": ('#include "services/smtp/protocol.hpp"\n', "net/ knows nothing"),
    "net/task.hpp": ('#include "config/config.hpp"\n', "net/ knows nothing"),
    "config/config.hpp": ('#include "net/task.hpp"\n', "config/ knows nothing"),
    "services/http/service.hpp": ('#include "services/smtp/protocol.hpp"\n', "may not know"),
    "services/mail/store.hpp": ('#include "services/smtp/protocol.hpp"\n', "may not know"),
    "services/smtp/service.cpp": ('#include "services/http/service.hpp"\n', "may not know"),
    "services/smtp/parse.cpp": ("#include <asio/buffer.hpp>\n", "reaches I/O"),
    "services/smtp/reply.cpp": ('#include "net/connection.hpp"\n', "reaches I/O"),
    "services/smtp/protocol.cpp": ('#include "services/mail/store.hpp"\n', "store.hpp -> net/task.hpp"),
    "services/smtp/far.hpp": ('#include "smtp/protocol.hpp"\n', "not in the tree"),
    "services/console/service.hpp": ("#include <sqlite3.h>\n", "only services/mail/"),
    "services/control/a.cpp": ("spawn(f(), asio::detached);\n", "has an owner"),
    "services/control/b.cpp": ("auto f = [this] () -> net::Task<void> { return g(); };\n", "is a coroutine"),
    "services/control/c.cpp": ("spawn([&x, y = 1](int z) mutable {\n    co_await x[z];\n});\n", "is a coroutine"),
    "services/control/d.cpp": ("return [=] { auto f = [] { return 1; }; co_return; };\n", "is a coroutine"),
    "README.md": ("see /" + "work/main/README.md\n", "one machine"),
    "deploy/run": ("cd /" + "home/ana\n", "one machine"),
}


def write_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def self_test():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_tree(root, GOOD)
        wrong += [f"a good tree is refused: {violation}" for violation in check(root)[1]]
        for name, (text, expected) in BAD.items():
            good = GOOD.get(name)
            write_tree(root, {name: (good or "") + text})
            found = [violation for violation in check(root)[1]
                     if violation[0] == name and expected in violation[2]]
            if not found:
                wrong.append(f"not found: {name}: {text.strip()!r}")
            elif not found[0][1] > (good or "").count("\n"):
                wrong.append(f"the wrong line: {found[0]}")
            if good is None:
                (root / name).unlink()
            else:
                write_tree(root, {name: good})
    for line in wrong:
        print(line)
    print("self-test: {} of {} rules' cases".format(len(BAD) - len(wrong), len(BAD)))
    return 1 if wrong else 0


def main():
    options = argparse.ArgumentParser(description="the layers of the tree")
    options.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    options.add_argument("--self-test", action="store_true")
    chosen = options.parse_args()
    if chosen.self_test:
        return self_test()
    tree, violations = check(chosen.root)
    if not tree.product():
        print(f"no source below {chosen.root}")
        return 1
    for violation in violations:
        print(violation)
    print("ok: {} source files, {} files".format(len(tree.product()), len(tree.files))
          if not violations else f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
