#include "services/http/welcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>

namespace portico::http {

namespace {

constexpr std::string_view page_start = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{0} - portico</title>
<style>
:root {{ color-scheme: light dark; --ink: #1d2430; --soft: #5c6778; --paper: #f6f7f9; --card: #fff;
  --line: #dfe3ea; --accent: #1a56b0; --good: #187a3c; --bad: #b3261e; --wait: #8a5a00 }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e4e8ef; --soft: #9aa6b8; --paper: #12161d;
  --card: #1a2029; --line: #2c3542; --accent: #8ab4f8; --good: #6fcf8f; --bad: #ff8a80;
  --wait: #f0c060 }} }}
* {{ box-sizing: border-box }}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif }}
main {{ max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.1rem 3rem }}
h1 {{ margin: 0; font-size: 1.9rem; letter-spacing: -.02em; overflow-wrap: anywhere }}
h2 {{ margin: 2.2rem 0 .7rem; font-size: 1.1rem }}
p {{ margin: .5rem 0; max-width: 44rem; color: var(--soft) }}
.card {{ background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow-x: auto }}
table {{ width: 100%; border-collapse: collapse; font-size: .93rem }}
th, td {{ padding: .55rem .9rem; text-align: left; white-space: nowrap }}
th {{ color: var(--soft); font-weight: 600; font-size: .8rem }}
td {{ border-top: 1px solid var(--line) }}
.n {{ text-align: right; font-variant-numeric: tabular-nums }}
.why {{ white-space: normal; color: var(--soft); font-size: .85rem; min-width: 14rem }}
.bound {{ color: var(--good) }} .failed {{ color: var(--bad) }} .draining {{ color: var(--wait) }}
code, pre {{ font: .9rem/1.5 ui-monospace, monospace }}
pre {{ margin: 0; padding: .8rem .9rem }}
pre + pre {{ border-top: 1px solid var(--line) }}
footer {{ margin-top: 2.2rem; font-size: .85rem; color: var(--soft) }}
</style>
</head>
<body>
<main>
<h1>{0}</h1>
<p>This host runs <strong>portico</strong>, one server process that answers on many ports: it
serves pages over HTTP, takes mail over SMTP and hands it out over POP3.</p>
<h2>Ports</h2>
<div class="card" tabindex="0" role="region" aria-label="Ports">
<table>
<thead><tr><th>Transport</th><th>Address</th><th>IANA name</th><th>Service</th><th>TLS</th>
<th>State</th><th class="n">Open</th><th class="n">Accepted</th></tr></thead>
<tbody>
)";

constexpr std::string_view page_end = R"(<footer>Figures as of this request; reload for new ones. To
serve your own files here, set <code>root</code> under <code>[http]</code> in portico.toml.</footer>
</main>
</body>
</html>
)";

std::string with_port(std::string_view address, std::uint16_t port)
{
    auto number = port == 0 ? std::string{"auto"} : fmt::format("{}", port);
    return address.find(':') == address.npos ? fmt::format("{}:{}", address, number)
                                             : fmt::format("[{}]:{}", address, number);
}

bool is_plain_authority(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{".-:[]"}.find(c) != std::string_view::npos;
    });
}

std::string_view without_port(std::string_view authority)
{
    auto colon = authority.rfind(':');
    return colon == authority.npos || authority.find(']', colon) != authority.npos
               ? authority
               : authority.substr(0, colon);
}

// Where a client reaches this port: on all addresses that is the name it has used already.
std::string reach(const PortRow& row, std::string_view host)
{
    if (row.address == "0.0.0.0" || row.address == "::")
        return fmt::format("{}:{}", host, row.port);
    return with_port(row.address, row.port);
}

// One that needs no TLS, if there is one: it is the easiest to try.
const PortRow* bound_port(const std::vector<PortRow>& ports, std::string_view service,
                          std::initializer_list<std::string_view> tls)
{
    for (auto kind : tls)
        for (const auto& row : ports)
            if (row.service == service && row.tls == kind && row.state == "bound" && row.port != 0)
                return &row;
    return nullptr;
}

void add_row(std::string& page, const PortRow& row)
{
    auto state = escape_html(row.state);
    fmt::format_to(std::back_inserter(page),
                   "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td>"
                   "<td class=\"{}\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                   escape_html(row.transport), escape_html(with_port(row.address, row.port)),
                   row.well_known.empty() ? "-" : escape_html(row.well_known),
                   escape_html(row.service), row.tls == "none" ? "-" : escape_html(row.tls), state,
                   state, row.open, row.accepted);
    if (!row.why.empty())
        fmt::format_to(std::back_inserter(page),
                       "<tr><td class=\"why\" colspan=\"8\">{}</td></tr>\n", escape_html(row.why));
}

} // namespace

std::string escape_html(std::string_view text)
{
    std::string escaped;
    escaped.reserve(text.size());
    for (auto c : text) {
        switch (c) {
        case '&': escaped += "&amp;"; break;
        case '<': escaped += "&lt;"; break;
        case '>': escaped += "&gt;"; break;
        case '"': escaped += "&quot;"; break;
        case '\'': escaped += "&#39;"; break;
        default: escaped += c;
        }
    }
    return escaped;
}

namespace {

// How a client that has ca.pem may use this host.
std::string trusting_command(const std::vector<PortRow>& ports, std::string_view host)
{
    for (const std::string service : {"http", "smtp", "pop3"}) {
        if (auto* row = bound_port(ports, service, {"implicit"}))
            return fmt::format("curl --cacert ca.pem {}s://{}/", service, reach(*row, host));
        if (auto* row = bound_port(ports, service, {"starttls"}))
            return fmt::format("curl --cacert ca.pem --ssl-reqd {}://{}/", service,
                               reach(*row, host));
    }
    return "";
}

// The test authority: where its certificate is, and the one command that takes and uses it.
std::string trust(const std::vector<PortRow>& ports, std::string_view host)
{
    auto* in_clear = bound_port(ports, "http", {"none"});
    auto command = in_clear
                       ? fmt::format("curl -so ca.pem http://{}/ca.pem", reach(*in_clear, host))
                       : std::string{"portico ca > ca.pem"};
    if (auto use = trusting_command(ports, host); !use.empty()) command += " && " + use;
    return fmt::format(R"(<h2>Trust this host</h2>
<p>Its certificate is signed by a test authority of its own. Clients that trust
<a href="/ca.pem">ca.pem</a> trust this host; on it, <code>portico ca</code> prints the same.</p>
<div class="card">
<pre>{}</pre>
</div>
)",
                       escape_html(command));
}

// Commands to try, of the ports that are there.
std::string try_it(const WelcomeContent& content, std::string_view host)
{
    std::string commands;
    auto add = [&](std::string_view service, auto make) {
        auto* row = bound_port(content.ports, service, {"none", "starttls", "implicit"});
        if (!row) return;
        const bool tls = row->tls == "implicit";
        const auto* trusted = tls && content.test_authority ? "--cacert ca.pem " : "";
        const auto url = fmt::format("{}{}://{}", service, tls ? "s" : "", reach(*row, host));
        commands += "<pre>" + escape_html(make(trusted, url)) + "</pre>\n";
    };
    const auto name = content.host_name;
    add("smtp", [&](auto trusted, const auto& url) {
        return fmt::format("printf 'Subject: Hello\\r\\n\\r\\nIt works.\\r\\n' | \\\n"
                           "  curl {}{} --mail-from me@{} --mail-rcpt you@{} -T -",
                           trusted, url, name, name);
    });
    add("pop3", [&](auto trusted, const auto& url) {
        return fmt::format("curl {}{}/1 -u you@{}:secret", trusted, url, name);
    });
    add("http",
        [&](auto trusted, const auto& url) { return fmt::format("curl {}-i {}/", trusted, url); });
    if (commands.empty()) return "";
    return "<h2>Try it</h2>\n<div class=\"card\">\n" + commands + "</div>\n";
}

} // namespace

std::string welcome_page(const WelcomeContent& content)
{
    auto page = fmt::format(page_start, escape_html(content.host_name));
    for (const auto& row : content.ports) add_row(page, row);
    page += "</tbody>\n</table>\n</div>\n";
    auto authority = content.authority;
    if (!is_plain_authority(authority)) authority = content.host_name;
    auto host = without_port(authority);
    if (content.test_authority) page += trust(content.ports, host);
    page += try_it(content, host);
    page += page_end;
    return page;
}

} // namespace portico::http
