#include "services/console/v1_pages.hpp"

#include "services/console/v1_view.hpp"
#include "services/http/page.hpp"

#include <fmt/format.h>

#include <iterator>

namespace portico::console {

namespace {

std::string addresses(const std::vector<mime::Address>& list)
{
    std::string text;
    for (const auto& [name, address] : list) {
        if (!text.empty()) text += ", ";
        text += name.empty() ? address : name + " <" + address + ">";
    }
    return http::escape_html(text);
}

void add_parts(std::string& page, const std::vector<mime::Part>& parts, std::string_view folder)
{
    for (const auto& part : parts)
        fmt::format_to(std::back_inserter(page), "<li><a href=\"{}{}\">{}</a> {}</li>\n", folder,
                       percent_encoded(part.id), http::escape_html(part.file_name),
                       http::escape_html(part.content_type));
}

} // namespace

std::string message_page(const Entry& entry, const mime::Message& message, std::string_view webroot)
{
    const auto subject = http::escape_html(entry.subject.empty() ? "(no subject)" : entry.subject);
    auto page = http::begin_page(subject, "pre { white-space: pre-wrap }");
    fmt::format_to(std::back_inserter(page), "<h1>{}</h1>\n<div class=\"card\">\n<table><tbody>\n",
                   subject);
    const auto row = [&](std::string_view name, const std::string& html) {
        if (!html.empty())
            fmt::format_to(std::back_inserter(page), "<tr><th>{}</th><td>{}</td></tr>\n", name,
                           html);
    };
    row("From", addresses({entry.from}));
    row("To", addresses(entry.to));
    row("Cc", addresses(entry.cc));
    row("Bcc", addresses(entry.bcc));
    row("Arrived", created_text(entry.arrival.created));
    page += "</tbody></table>\n<ul>\n";
    const auto& id = entry.arrival.id;
    if (message.has_html)
        fmt::format_to(std::back_inserter(page), "<li><a href=\"{}/view/{}.html\">HTML</a></li>\n",
                       webroot, id);
    fmt::format_to(std::back_inserter(page),
                   "<li><a href=\"{}/api/v1/message/{}/raw\">Source</a></li>\n", webroot, id);
    const auto folder = fmt::format("{}/api/v1/message/{}/part/", webroot, id);
    add_parts(page, message.inlines, folder);
    add_parts(page, message.attachments, folder);
    page += "</ul>\n<pre>" + http::escape_html(message.text) + "</pre>\n</div>\n";
    page += http::page_end;
    return page;
}

std::string list_page(std::string_view query, const std::vector<Entry>& entries,
                      std::string_view webroot)
{
    const auto title = query.empty() ? std::string{"Search"} : http::escape_html(query);
    auto page = http::begin_page(title, "");
    fmt::format_to(std::back_inserter(page), "<h1>{}</h1>\n<div class=\"card\">\n<ul>\n", title);
    for (const auto& entry : entries)
        fmt::format_to(std::back_inserter(page), "<li><a href=\"{}/view/{}\">{}</a> {} {}</li>\n",
                       webroot, entry.arrival.id,
                       http::escape_html(entry.subject.empty() ? "(no subject)" : entry.subject),
                       addresses({entry.from}), created_text(entry.arrival.created));
    page += "</ul>\n</div>\n";
    page += http::page_end;
    return page;
}

} // namespace portico::console
