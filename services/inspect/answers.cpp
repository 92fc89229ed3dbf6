#include "services/inspect/answers.hpp"

#include "services/http/page.hpp"
#include "services/inspect/json.hpp"

#include <fmt/format.h>

#include <iterator>
#include <random>

namespace portico::inspect {

namespace {

Answer get(const Asked& asked)
{
    return as_json(told(asked));
}

Answer anything(const Asked& asked)
{
    auto json = told(asked);
    if (auto added = tell_content(asked, json); !added) return mistake(added.error());
    json["method"] = asked.head.method;
    return as_json(json);
}

Answer headers_only(const Asked& asked)
{
    return as_json({{"headers", headers(asked.head)}});
}

Answer ip(const Asked& asked)
{
    return as_json({{"origin", asked.origin}});
}

Answer user_agent(const Asked& asked)
{
    const auto agent = asked.head.field("User-Agent");
    return as_json({{"user-agent", agent ? Json(*agent) : Json{}}});
}

// RFC 9562 section 5.4: version 4, all random but six bits.
Answer uuid(const Asked& asked)
{
    std::mt19937_64 random{asked.random};
    const auto high = (random() & ~0xF000ULL) | 0x4000;
    const auto low = (random() & ~(3ULL << 62)) | 1ULL << 63;
    return as_json({{"uuid", fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32,
                                         high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48,
                                         low & 0xFFFF'FFFF'FFFF)}});
}

constexpr Row table[]{
    {{"GET", "/get", "the request: query, fields, address, URL", "/get?a=1"}, get},
    {{"POST", "/post", "and its content: data, form, files, JSON", ""}, tell, true},
    {{"PUT", "/put", "likewise", ""}, tell, true},
    {{"PATCH", "/patch", "likewise", ""}, tell, true},
    {{"DELETE", "/delete", "likewise", ""}, tell, true},
    {{"*", "/anything/{rest...}", "likewise, with the method", "/anything/you/like"},
     anything,
     true},
    {{"GET", "/headers", "the request's fields", "/headers"}, headers_only},
    {{"GET", "/ip", "the client's address", "/ip"}, ip},
    {{"GET", "/user-agent", "the client's name", "/user-agent"}, user_agent},
    {{"GET", "/uuid", "a random UUID", "/uuid"}, uuid},
    {{"*", "/status/{code}", "this status, or one of several: 200,503:2 has 503 twice as often",
      "/status/404"},
     status},
    {{"GET", "/redirect/{n}", "n redirects, then /get; ?absolute=true", "/redirect/3"}, redirect},
    {{"GET", "/relative-redirect/{n}", "n redirects to a path", "/relative-redirect/3"},
     relative_redirect},
    {{"GET", "/absolute-redirect/{n}", "n redirects to a URL", "/absolute-redirect/3"},
     absolute_redirect},
    {{"*", "/redirect-to", "a redirect to ?url=, with ?status_code=", "/redirect-to?url=/get"},
     redirect_to},
    {{"GET", "/basic-auth/{user}/{password}", "401 without this login", "/basic-auth/ana/secret"},
     basic_auth},
    {{"GET", "/hidden-basic-auth/{user}/{password}", "404 without this login",
      "/hidden-basic-auth/ana/secret"},
     hidden_basic_auth},
    {{"GET", "/bearer", "401 without a bearer token", "/bearer"}, bearer},
    {{"GET", "/gzip", "the request, by gzip", "/gzip"}, gzip},
    {{"GET", "/deflate", "the request, by deflate", "/deflate"}, deflate},
    {{"GET", "/cookies", "the request's cookies", "/cookies"}, cookies},
    {{"GET", "/cookies/set", "sets those of the query", "/cookies/set?a=1"}, set_cookies},
    {{"GET", "/cookies/set/{name}/{value}", "sets one", "/cookies/set/a/1"}, set_cookie},
    {{"GET", "/cookies/delete", "deletes those of the query", "/cookies/delete?a"}, delete_cookies},
    {{"GET", "/response-headers", "with the query as fields", "/response-headers?X-A=1"},
     response_headers},
    {{"POST", "/response-headers", "likewise", ""}, response_headers},
    {{"GET", "/cache", "304 if the request has a condition", "/cache"}, cache},
    {{"GET", "/cache/{seconds}", "with Cache-Control", "/cache/60"}, cache_for},
    {{"GET", "/etag/{etag}", "304 or 412 by If-None-Match and If-Match", "/etag/abc"}, etag},
    {{"GET", "/range/{n}", "n octets, or the range asked for", "/range/100"}, range},
    {{"GET", "/base64/{value}", "the value, decoded", "/base64/SXQgd29ya3MuCg"}, base64},
    {{"GET", "/html", "a page", "/html"}, html},
    {{"GET", "/json", "a document in JSON", "/json"}, json},
    {{"GET", "/xml", "a document in XML", "/xml"}, xml},
    {{"GET", "/encoding/utf8", "text in many scripts", "/encoding/utf8"}, utf8},
    {{"GET", "/robots.txt", "robots may look at nothing", "/robots.txt"}, robots},
};

constexpr std::string_view introduction = R"(<h1>Request inspector</h1>
<p>It tells HTTP clients what they have sent, and answers as they wish.</p>
<div class="card">
<table>
<thead><tr><th>Method</th><th>Path</th><th>Answers</th></tr></thead>
<tbody>
)";

} // namespace

std::span<const Row> rows()
{
    return table;
}

Answer tell(const Asked& asked)
{
    auto json = told(asked);
    if (auto added = tell_content(asked, json); !added) return mistake(added.error());
    return as_json(json);
}

std::string stream_line(const Asked& asked, std::uint64_t number)
{
    auto json = told(asked);
    json["id"] = number;
    return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

std::string index_page(const std::vector<Listed>& all)
{
    auto page = http::begin_page("portico: request inspector", "");
    page += introduction;
    for (const auto& [method, pattern, about, example] : all) {
        auto path = fmt::format("<code>{}</code>", http::escape_html(pattern));
        if (!example.empty())
            path = fmt::format("<a href=\"{}\">{}</a>", http::escape_html(example), path);
        fmt::format_to(std::back_inserter(page),
                       "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                       method == "*" ? "any" : method, path, http::escape_html(about));
    }
    page += "</tbody>\n</table>\n</div>\n";
    page += http::page_end;
    return page;
}

} // namespace portico::inspect
