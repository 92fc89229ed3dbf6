#include "services/http/listing.hpp"

#include "services/http/path.hpp"
#include "services/http/welcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <utility>

namespace portico::http {

namespace {

// The welcome page's look.
constexpr std::string_view page_start = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{0}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1d2430; --soft: #5c6778; --paper: #f6f7f9; --card: #fff;
  --line: #dfe3ea; --accent: #1a56b0; --over: #f0f3f8 }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e4e8ef; --soft: #9aa6b8; --paper: #12161d;
  --card: #1a2029; --line: #2c3542; --accent: #8ab4f8; --over: #212936 }} }}
* {{ box-sizing: border-box }}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif }}
main {{ max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.1rem 3rem }}
h1 {{ margin: 0 0 1.2rem; font-size: 1.5rem; letter-spacing: -.01em; overflow-wrap: anywhere }}
h1 i {{ color: var(--soft); font-style: normal; font-weight: 400; padding: 0 .15em }}
a {{ color: var(--accent); text-decoration: none }}
a:hover {{ text-decoration: underline }}
.card {{ background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden }}
table {{ width: 100%; border-collapse: collapse; font-size: .95rem }}
th, td {{ padding: .5rem .9rem; text-align: left; white-space: nowrap }}
th {{ color: var(--soft); font-weight: 600; font-size: .8rem }}
td {{ border-top: 1px solid var(--line); color: var(--soft) }}
tr:hover td {{ background: var(--over) }}
td:first-child {{ width: 100%; white-space: normal; overflow-wrap: anywhere; color: var(--ink) }}
.folder {{ font-weight: 600 }}
.n {{ text-align: right; font-variant-numeric: tabular-nums }}
p {{ margin: 0; padding: .8rem .9rem; color: var(--soft) }}
table + p {{ border-top: 1px solid var(--line) }}
footer {{ margin-top: 1.2rem; font-size: .85rem; color: var(--soft) }}
@media (max-width: 40rem) {{ .t {{ display: none }} main {{ padding: 1.4rem .7rem 2rem }}
  th, td {{ padding: .6rem .7rem }} }}
</style>
</head>
<body>
<main>
)";

constexpr std::string_view table_start = R"(<div class="card">
<table>
<thead><tr><th scope="col">Name</th><th scope="col" class="n">Size</th>
<th scope="col" class="t n">Modified (UTC)</th></tr></thead>
<tbody>
)";

// How long the sequence is that begins here (RFC 3629 section 4); 0: none does.
std::size_t utf8_length(std::string_view text)
{
    const auto octet = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = octet(0);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xc2 && first < 0xe0 ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    if (length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((octet(i) & 0xc0) != 0x80) return 0;
    if (length < 3) return length;
    const auto second = octet(1);
    const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
    return bad ? 0 : length;
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
    auto page = fmt::format(page_start, "/" + shown(folder));
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
    page += "</div>\n<footer>portico</footer>\n</main>\n</body>\n</html>\n";
    return page;
}

} // namespace portico::http
