#include "services/http/page.hpp"

#include <fmt/core.h>

namespace portico::http {

namespace {

constexpr std::string_view start = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1d2430; --soft: #5c6778; --paper: #f6f7f9; --card: #fff;
  --line: #dfe3ea; --accent: #1a56b0; --over: #f0f3f8; --good: #187a3c; --bad: #b3261e;
  --wait: #8a5a00 }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e4e8ef; --soft: #9aa6b8; --paper: #12161d;
  --card: #1a2029; --line: #2c3542; --accent: #8ab4f8; --over: #212936; --good: #6fcf8f;
  --bad: #ff8a80; --wait: #f0c060 }} }}
* {{ box-sizing: border-box }}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif }}
main {{ max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.1rem 3rem }}
h1 {{ margin: 0 0 1rem; font-size: 1.7rem; letter-spacing: -.015em; overflow-wrap: anywhere }}
a {{ color: var(--accent); text-decoration: none }}
a:hover {{ text-decoration: underline }}
.card {{ background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow-x: auto }}
table {{ width: 100%; border-collapse: collapse; font-size: .93rem }}
th, td {{ padding: .5rem .9rem; text-align: left }}
th {{ color: var(--soft); font-weight: 600; font-size: .8rem; white-space: nowrap }}
td {{ border-top: 1px solid var(--line) }}
.n {{ text-align: right; font-variant-numeric: tabular-nums }}
code, pre {{ font: .9rem/1.5 ui-monospace, monospace }}
footer {{ margin-top: 1.5rem; font-size: .85rem; color: var(--soft) }}
@media (max-width: 40rem) {{ main {{ padding: 1.4rem .7rem 2rem }} }}
{}</style>
</head>
<body>
<main>
)";

} // namespace

std::string begin_page(std::string_view title, std::string_view style)
{
    return fmt::format(start, title, style.substr(style.starts_with('\n') ? 1 : 0));
}

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

} // namespace portico::http
