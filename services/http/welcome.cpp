#include "services/http/welcome.hpp"

#include "services/http/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>

namespace portico::http {

namespace {

constexpr std::string_view style = R"(
h2 { margin: 2.2rem 0 .7rem; font-size: 1.1rem }
main > p { margin: .5rem 0; max-width: 44rem; color: var(--soft) }
td { white-space: nowrap }
td, th { padding-inline: .7rem }
.why { white-space: normal; color: var(--soft); font-size: .85rem; min-width: 14rem }
.bound { color: var(--good) } .failed { color: var(--bad) } .draining { color: var(--wait) }
pre { margin: 0; padding: .8rem .9rem; white-space: pre-wrap; overflow-wrap: anywhere }
pre + pre { border-top: 1px solid var(--line) }
@media (max-width: 56rem) { .less { display: none } }
@media (max-width: 34rem) { .least { display: none } }
)";

constexpr std::string_view introduction = R"(<h1>{}</h1>
<p>This host runs <strong>portico</strong>, one server process that answers on many ports: it
serves pages over HTTP, takes mail over SMTP and hands it out over POP3.</p>
<h2>Ports</h2>
<div class="card" tabindex="0" role="region" aria-label="Ports">
<table>
<thead><tr><th class="less">Transport</th><th>Address</th><th class="less">IANA name</th>
<th>Service</th><th>TLS</th><th>State</th><th class="n">Open</th>
<th class="n least">Accepted</th></tr></thead>
<tbody>
)";

constexpr std::string_view last_words =
    R"(<footer>Figures as of this request; reload for new ones. To
serve your own files here, set <code>root</code> under <code>[http]</code> in portico.toml.</footer>
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
    fmt::format_to(
        std::back_inserter(page),
        "<tr><td class=\"less\">{}</td><td><code>{}</code></td>"
        "<td class=\"less\">{}</td><td>{}</td><td>{}</td>"
        "<td class=\"{}\">{}</td><td class=\"n\">{}</td><td class=\"n least\">{}</td></tr>\n",
        escape_html(row.transport), escape_html(with_port(row.address, row.port)),
        row.well_known.empty() ? "-" : escape_html(row.well_known), escape_html(row.service),
        row.tls == "none" ? "-" : escape_html(row.tls), state, state, row.open, row.accepted);
    if (!row.why.empty())
        fmt::format_to(std::back_inserter(page),
                       "<tr><td class=\"why\" colspan=\"8\">{}</td></tr>\n", escape_html(row.why));
}

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
    const auto host_name = escape_html(content.host_name);
    auto page = begin_page(host_name + " - portico", style);
    page += fmt::format(introduction, host_name);
    for (const auto& row : content.ports) add_row(page, row);
    page += "</tbody>\n</table>\n</div>\n";
    auto authority = content.authority;
    if (!is_plain_authority(authority)) authority = content.host_name;
    auto host = without_port(authority);
    if (content.test_authority) page += trust(content.ports, host);
    page += try_it(content, host);
    page += last_words;
    page += page_end;
    return page;
}

} // namespace portico::http
