#include "services/http/listing.hpp"

#include "services/http/page.hpp"
#include "services/http/path.hpp"
#include "services/http/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <utility>

namespace portico::http {

namespace {

constexpr std::string_view style = R"(
h1 i { color: var(--soft); font-style: normal; font-weight: 400; padding: 0 .15em }
td { color: var(--soft); white-space: nowrap }
tr:hover td { background: var(--over) }
td:first-child { width: 100%; white-space: normal; overflow-wrap: anywhere; color: var(--ink) }
.folder { font-weight: 600 }
.card p { margin: 0; padding: .8rem .9rem; color: var(--soft) }
table + p { border-top: 1px solid var(--line) }
@media (max-width: 40rem) { .t { display: none } th, td { padding: .6rem .7rem } }
)";

constexpr std::string_view table_start = R"(<div class="card">
<table>
<thead><tr><th scope="col">Name</th><th scope="col" class="n">Size</th>
<th scope="col" class="t n">Modified (UTC)</th></tr></thead>
<tbody>
)";

// How long the character is that begins here (RFC 3629 section 4); 0: none does.
std::size_t utf8_length(std::string_view text)
{
    Utf8 utf8;
    for (std::size_t length = 1; length <= text.size(); ++length) {
        if (!utf8.take(static_cast<unsigned char>(text[length - 1]))) return 0;
        if (utf8.whole()) return length;
    }
    return 0;
}

// A file's name for a page: escaped, and with U+FFFD for what is no text in UTF-8.
std::string shown(std::string_view name)
{
    std::string text;
    while (!name.empty()) {
        const auto length = utf8_length(name);
        const auto first = static_cast<unsigned char>(name.front());
        if (length == 0 || first < 0x20 || first == 0x7f)
            text += "\xef\xbf\xbd";
        else
            text += name.substr(0, length);
        name.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return escape_html(text);
}

// RFC 3986 section 4.2: in front of a ":" a relative reference's first segment would be a scheme.
std::string link_to(const Entry& entry)
{
    auto link = to_target(entry.name).substr(1);
    if (link.find(':') != link.npos) link.insert(0, "./");
    if (entry.is_folder) link += '/';
    return escape_html(link);
}

std::string utc(std::chrono::sys_seconds time)
{
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count());
}

// Each folder on the way is a link to itself. Directions do not spread from one name to the next.
std::string heading(std::string_view folder)
{
    auto depth = std::ranges::count(folder, '/');
    auto up = [](std::ptrdiff_t folders) {
        std::string link;
        for (; folders > 0; --folders) link += "../";
        return link.empty() ? std::string{"./"} : link;
    };
    auto line = fmt::format("<h1><a href=\"{}\">/</a>", up(depth));
    while (!folder.empty()) {
        const auto end = folder.find('/');
        fmt::format_to(std::back_inserter(line), "<a href=\"{}\"><bdi>{}</bdi></a><i>/</i>",
                       up(--depth), shown(folder.substr(0, end)));
        folder.remove_prefix(end == folder.npos ? folder.size() : end + 1);
    }
    return line + "</h1>\n";
}

void add_row(std::string& page, const Entry& entry)
{
    fmt::format_to(std::back_inserter(page),
                   "<tr><td{}><a href=\"{}\"><bdi>{}{}</bdi></a></td><td class=\"n\">{}</td>"
                   "<td class=\"t n\">{}</td></tr>\n",
                   entry.is_folder ? " class=\"folder\"" : "", link_to(entry), shown(entry.name),
                   entry.is_folder ? "/" : "", entry.is_folder ? "-" : human_size(entry.size),
                   utc(entry.modified));
}

} // namespace

std::string human_size(std::uint64_t octets)
{
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    auto size = static_cast<double>(octets);
    for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
    // 9.96 would round to 10.0.
    return unit > 0 && size < 9.95 ? fmt::format("{:.1f} {}", size, units[unit])
                                   : fmt::format("{:.0f} {}", size, units[unit]);
}

std::string listing_page(std::string_view folder, Listing listing)
{
    auto& entries = listing.entries;
    std::ranges::sort(entries, {}, [](const Entry& entry) {
        return std::tuple{!entry.is_folder, std::string_view{entry.name}};
    });
    auto page = begin_page("/" + shown(folder), style);
    page += heading(folder);
    page += table_start;
    if (!folder.empty())
        page += "<tr><td class=\"folder\"><a href=\"../\">../</a></td><td class=\"n\">-</td>"
                "<td class=\"t\"></td></tr>\n";
    for (const auto& entry : entries) add_row(page, entry);
    page += "</tbody>\n</table>\n";
    if (listing.more)
        page += fmt::format("<p>... and more: only {} are shown.</p>\n", entries.size());
    else if (entries.empty())
        page += "<p>This folder is empty.</p>\n";
    page += "</div>\n<footer>portico</footer>\n";
    page += page_end;
    return page;
}

} // namespace portico::http
