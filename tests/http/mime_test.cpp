#include "services/http/mime.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::http {

// That the table is sorted, in lower case and without repetitions is asserted as it is compiled.
TEST(HttpMime, KnowsExtensions)
{
    rule("9110", "8.3", "Content-Type by the file's extension, text with its charset");
    const std::string unknown = "application/octet-stream";
    const std::string plain = "text/plain; charset=utf-8";
    struct {
        std::string file, type;
    } cases[] = {
        {"index.html", "text/html; charset=utf-8"},
        {"A.HTML", "text/html; charset=utf-8"},
        {"a/b.css", "text/css; charset=utf-8"},
        {"a.js", "text/javascript; charset=utf-8"},
        {"a.mjs", "text/javascript; charset=utf-8"},
        {"a.cjs", "text/javascript; charset=utf-8"},
        {"a.js.map", "application/json"},
        {"a.json", "application/json"},
        {"a.jsonld", "application/ld+json"},
        {"a.geojson", "application/geo+json"},
        {"a.webmanifest", "application/manifest+json"},
        {"a.wasm", "application/wasm"},
        {"a.xml", "application/xml; charset=utf-8"},
        {"a.xsl", "application/xslt+xml; charset=utf-8"},
        {"a.atom", "application/atom+xml; charset=utf-8"},
        {"a.svg", "image/svg+xml; charset=utf-8"},
        {"a.svgz", "image/svg+xml; charset=utf-8"},
        {"a.png", "image/png"},
        {"a.jpg", "image/jpeg"},
        {"a.avif", "image/avif"},
        {"favicon.ico", "image/vnd.microsoft.icon"},
        {"a.woff2", "font/woff2"},
        {"a.ttf", "font/ttf"},
        {"a.123", "application/vnd.lotus-1-2-3"}, // the table's ends
        {"a.zst", "application/zstd"},
        {"a.zirz", "application/vnd.zul"},
        {"a.3gp", "video/3gpp"},
        {"a.mkv", "video/matroska"},
        {"a.mp3", "audio/mpeg"},
        {"a.m3u8", "application/vnd.apple.mpegurl"},
        {"a.ts", "video/mp2t"},
        {"a.pdf", "application/pdf"},
        {"a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"a.ods", "application/vnd.oasis.opendocument.spreadsheet"},
        {"a.tar.gz", "application/gzip"},
        {"a.7z", "application/x-7z-compressed"},
        {"a.deb", "application/vnd.debian.binary-package"},
        {"a.ics", "text/calendar; charset=utf-8"},
        {"a.vcf", "text/vcard; charset=utf-8"},
        {"a.vtt", "text/vtt; charset=utf-8"},
        {"a.eml", "message/rfc822"},
        {"a.mbox", "application/mbox"},
        {"ca.pem", "application/x-pem-file"},
        {"a.c++", plain},
        {"a.py", plain},
        {"a.rs", plain},
        {"robots.txt", plain},
        {"a.webmanifests", unknown},
        {"a.unheard", unknown},
        {"a." + std::string(5000, 'x'), unknown},
        {"a", unknown},
        {"a.", unknown},
        {".html", unknown},
        {"a.html/b", unknown},
        {".well-known/apple-app-site-association", unknown},
        {"", unknown},
    };
    for (const auto& [file, type] : cases) EXPECT_EQ(media_type(file), type) << file;
}

TEST(HttpMime, KnowsWhatIsCompressedInItself)
{
    struct {
        std::string file, coding;
    } cases[] = {
        {"a.svgz", "gzip"}, {"b/A.SVGZ", "gzip"}, {"a.svg", ""}, {"a.svg.gz", ""},
        {"svgz", ""},       {"a.svgz/b", ""},     {"a.tgz", ""},
    };
    for (const auto& [file, coding] : cases) EXPECT_EQ(inherent_coding(file), coding) << file;
}

} // namespace portico::http
