#include "services/console/pages.hpp"

#include "services/http/page.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace portico::console {

namespace {

struct Row {
    std::string_view method, path, about;
};

constexpr std::array rows{
    Row{"GET", "/api/v1/messages", "mail, newest first; all of /api/v1/ is as Mailpit has it"},
    Row{"GET", "/api/v1/message/latest", "the newest message"},
    Row{"GET", "/search", "?query=subject:hello"},
    Row{"GET", "/api/v1/info", "what is stored, and what came since the start"},
    Row{"GET", "/api/v1/swagger.json", "OpenAPI 2.0, for programs that make clients"},
    Row{"GET", "/api/v2/host", "name, version, since when, memory"},
    Row{"GET", "/api/v2/ports", "every port: its owner, state and counters"},
    Row{"GET", "/api/v2/connections", "every live connection, by 5-tuple"},
    Row{"DELETE", "/api/v2/connections/{number}", "closes one"},
    Row{"GET", "/metrics", "counters as Prometheus reads them"},
    Row{"GET", "/livez", "200 while the server lives"},
    Row{"GET", "/readyz", "200 when it can work"},
};

} // namespace

std::string index_page(std::string_view title, std::string_view webroot)
{
    auto page = http::begin_page(http::escape_html(title) + " - console", "");
    fmt::format_to(std::back_inserter(page),
                   "<h1>{}</h1>\n<p>The console of this host, for programs.</p>\n"
                   "<div class=\"card\">\n<table>\n"
                   "<thead><tr><th>Method</th><th>Path</th><th>What</th></tr></thead>\n<tbody>\n",
                   http::escape_html(title));
    for (const auto& [method, path, about] : rows) {
        const auto link =
            method == "GET"
                ? fmt::format("<a href=\"{0}{1}\"><code>{0}{1}</code></a>", webroot, path)
                : fmt::format("<code>{}{}</code>", webroot, path);
        fmt::format_to(std::back_inserter(page), "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       method, link, about);
    }
    page += "</tbody>\n</table>\n</div>\n";
    page += http::page_end;
    return page;
}

std::string page_fields()
{
    return "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
           "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"
           "Referrer-Policy: no-referrer\r\n"
           "X-Content-Type-Options: nosniff\r\n";
}

} // namespace portico::console
