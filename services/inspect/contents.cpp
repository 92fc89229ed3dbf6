#include "services/accounts/base64.hpp"
#include "services/accounts/saslprep.hpp"
#include "services/http/gzip.hpp"
#include "services/inspect/answers.hpp"
#include "services/inspect/json.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace portico::inspect {

namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A page</title>
</head>
<body>
<h1>A page</h1>
<p>It has a heading, a paragraph and <a href="/">a link</a>, so that a client may find them.</p>
</body>
</html>
)";

constexpr std::string_view document = R"(<?xml version="1.0" encoding="utf-8"?>
<!-- A document to parse -->
<slideshow title="A slide show" date="2026-11-24" author="portico">
  <slide type="all">
    <title>One</title>
  </slide>
  <slide type="all">
    <title>Two</title>
    <item>an <em>emphasized</em> item</item>
    <item/>
  </slide>
</slideshow>
)";

constexpr std::string_view scripts = R"(<!doctype html>
<html>
<head>
<meta charset="utf-8">
<title>UTF-8</title>
</head>
<body>
<h1>Text in many scripts</h1>
<pre>
2 octets: äöüß éèê ñ ø ł Ω λ Ж я א ب
3 octets: € – “quoted” ✓ 日本語 한국어 ไทย हिन्दी
4 octets: 😀 𝄞 𠀀
combined: é (e and U+0301), 👩‍💻 (joined by U+200D)
</pre>
</body>
</html>
)";

/// The request, with `word` true: the content of what is compressed.
std::string compressed(const Asked& asked, std::string_view word)
{
    return to_text({{word, true},
                    {"headers", headers(asked.head)},
                    {"method", asked.head.method},
                    {"origin", asked.origin}});
}

// RFC 9110 section 8.4.1.2: "deflate" is the zlib format (RFC 1950), not bare deflate.
std::string zlib(std::string_view text)
{
    auto length = ::compressBound(text.size());
    std::string packed(length, '\0');
    // It fails only for want of room or memory, and of room there is enough.
    if (::compress(reinterpret_cast<Bytef*>(packed.data()), &length,
                   reinterpret_cast<const Bytef*>(text.data()), text.size()) != Z_OK)
        throw std::bad_alloc{};
    packed.resize(length);
    return packed;
}

Answer text(std::string_view content_type, std::string_view content)
{
    return {.content_type = std::string{content_type}, .content = std::string{content}};
}

} // namespace

Answer gzip(const Asked& asked)
{
    return {.content_type = "application/json",
            .fields = "Content-Encoding: gzip\r\n",
            .content = http::gzip(compressed(asked, "gzipped"))};
}

Answer deflate(const Asked& asked)
{
    return {.content_type = "application/json",
            .fields = "Content-Encoding: deflate\r\n",
            .content = zlib(compressed(asked, "deflated"))};
}

// RFC 4648 section 5 beside section 4, since a "/" would end the segment; padding may be missing.
Answer base64(const Asked& asked)
{
    std::string value{asked.parameter("value")};
    std::ranges::replace(value, '-', '+');
    std::ranges::replace(value, '_', '/');
    while (value.size() % 4 != 0) value += '=';
    const auto decoded = accounts::from_base64(value);
    if (!decoded) return mistake("the value is no base64");
    return text(accounts::is_utf8(*decoded) ? "text/plain; charset=utf-8"
                                            : "application/octet-stream",
                *decoded);
}

Answer html(const Asked&)
{
    return text("text/html; charset=utf-8", page);
}

Answer json(const Asked&)
{
    return as_json(
        {{"slideshow",
          {{"author", "portico"},
           {"date", "2026-11-24"},
           {"slides",
            {{{"title", "One"}, {"type", "all"}},
             {{"items", {"an <em>emphasized</em> item", ""}}, {"title", "Two"}, {"type", "all"}}}},
           {"title", "A slide show"}}}});
}

Answer xml(const Asked&)
{
    return text("application/xml", document);
}

Answer utf8(const Asked&)
{
    return text("text/html; charset=utf-8", scripts);
}

Answer robots(const Asked&)
{
    return text("text/plain; charset=utf-8", "User-agent: *\nDisallow: /\n");
}

} // namespace portico::inspect
