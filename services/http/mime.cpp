#include "services/http/mime.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace portico::http {

namespace {

struct MediaType {
    std::string_view extension; // lower case
    std::string_view type;
};

// IANA's media types; JavaScript as RFC 9239, XML as RFC 7303, fonts as RFC 8081 have them.
// JSON is UTF-8 by definition (RFC 8259) and has no charset parameter.
constexpr std::array media_types{
    MediaType{"3gp", "video/3gpp"},
    MediaType{"7z", "application/x-7z-compressed"},
    MediaType{"aac", "audio/aac"},
    MediaType{"apng", "image/apng"},
    MediaType{"asc", "text/plain; charset=utf-8"},
    MediaType{"atom", "application/atom+xml; charset=utf-8"},
    MediaType{"avi", "video/x-msvideo"},
    MediaType{"avif", "image/avif"},
    MediaType{"bin", "application/octet-stream"},
    MediaType{"bmp", "image/bmp"},
    MediaType{"br", "application/octet-stream"},
    MediaType{"bz2", "application/x-bzip2"},
    MediaType{"c", "text/plain; charset=utf-8"},
    MediaType{"cc", "text/plain; charset=utf-8"},
    MediaType{"cer", "application/pkix-cert"},
    MediaType{"cjs", "text/javascript; charset=utf-8"},
    MediaType{"conf", "text/plain; charset=utf-8"},
    MediaType{"cpp", "text/plain; charset=utf-8"},
    MediaType{"crl", "application/pkix-crl"},
    MediaType{"css", "text/css; charset=utf-8"},
    MediaType{"csv", "text/csv; charset=utf-8"},
    MediaType{"deb", "application/vnd.debian.binary-package"},
    MediaType{"diff", "text/plain; charset=utf-8"},
    MediaType{"doc", "application/msword"},
    MediaType{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    MediaType{"dtd", "application/xml-dtd; charset=utf-8"},
    MediaType{"eml", "message/rfc822"},
    MediaType{"eot", "application/vnd.ms-fontobject"},
    MediaType{"epub", "application/epub+zip"},
    MediaType{"flac", "audio/flac"},
    MediaType{"geojson", "application/geo+json"},
    MediaType{"gif", "image/gif"},
    MediaType{"glb", "model/gltf-binary"},
    MediaType{"gltf", "model/gltf+json"},
    MediaType{"go", "text/plain; charset=utf-8"},
    MediaType{"gpx", "application/gpx+xml; charset=utf-8"},
    MediaType{"gz", "application/gzip"},
    MediaType{"h", "text/plain; charset=utf-8"},
    MediaType{"heic", "image/heic"},
    MediaType{"heif", "image/heif"},
    MediaType{"hpp", "text/plain; charset=utf-8"},
    MediaType{"htm", "text/html; charset=utf-8"},
    MediaType{"html", "text/html; charset=utf-8"},
    MediaType{"ico", "image/vnd.microsoft.icon"},
    MediaType{"ics", "text/calendar; charset=utf-8"},
    MediaType{"ini", "text/plain; charset=utf-8"},
    MediaType{"jar", "application/java-archive"},
    MediaType{"java", "text/plain; charset=utf-8"},
    MediaType{"jfif", "image/jpeg"},
    MediaType{"jpeg", "image/jpeg"},
    MediaType{"jpg", "image/jpeg"},
    MediaType{"js", "text/javascript; charset=utf-8"},
    MediaType{"json", "application/json"},
    MediaType{"jsonld", "application/ld+json"},
    MediaType{"jxl", "image/jxl"},
    MediaType{"kml", "application/vnd.google-earth.kml+xml; charset=utf-8"},
    MediaType{"kmz", "application/vnd.google-earth.kmz"},
    MediaType{"log", "text/plain; charset=utf-8"},
    MediaType{"m3u8", "application/vnd.apple.mpegurl"},
    MediaType{"m4a", "audio/mp4"},
    MediaType{"m4v", "video/mp4"},
    MediaType{"map", "application/json"},
    MediaType{"mbox", "application/mbox"},
    MediaType{"md", "text/markdown; charset=utf-8"},
    MediaType{"mid", "audio/midi"},
    MediaType{"mjs", "text/javascript; charset=utf-8"},
    MediaType{"mka", "audio/matroska"},
    MediaType{"mkv", "video/matroska"},
    MediaType{"mov", "video/quicktime"},
    MediaType{"mp3", "audio/mpeg"},
    MediaType{"mp4", "video/mp4"},
    MediaType{"mpd", "application/dash+xml; charset=utf-8"},
    MediaType{"mpeg", "video/mpeg"},
    MediaType{"mpg", "video/mpeg"},
    MediaType{"obj", "model/obj"},
    MediaType{"odp", "application/vnd.oasis.opendocument.presentation"},
    MediaType{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    MediaType{"odt", "application/vnd.oasis.opendocument.text"},
    MediaType{"oga", "audio/ogg"},
    MediaType{"ogg", "audio/ogg"},
    MediaType{"ogv", "video/ogg"},
    MediaType{"ogx", "application/ogg"},
    MediaType{"opus", "audio/ogg"},
    MediaType{"otf", "font/otf"},
    MediaType{"p7s", "application/pkcs7-signature"},
    MediaType{"patch", "text/plain; charset=utf-8"},
    MediaType{"pdf", "application/pdf"},
    MediaType{"pem", "application/x-pem-file"},
    MediaType{"png", "image/png"},
    MediaType{"ppt", "application/vnd.ms-powerpoint"},
    MediaType{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    MediaType{"ps", "application/postscript"},
    MediaType{"psd", "image/vnd.adobe.photoshop"},
    MediaType{"py", "text/x-python; charset=utf-8"},
    MediaType{"rs", "text/plain; charset=utf-8"},
    MediaType{"rss", "application/rss+xml; charset=utf-8"},
    MediaType{"rtf", "application/rtf"},
    MediaType{"sh", "text/x-sh; charset=utf-8"},
    MediaType{"sql", "application/sql"},
    MediaType{"stl", "model/stl"},
    MediaType{"svg", "image/svg+xml; charset=utf-8"},
    MediaType{"tar", "application/x-tar"},
    MediaType{"tgz", "application/gzip"},
    MediaType{"tif", "image/tiff"},
    MediaType{"tiff", "image/tiff"},
    MediaType{"toml", "application/toml"},
    MediaType{"ts", "video/mp2t"},
    MediaType{"tsv", "text/tab-separated-values; charset=utf-8"},
    MediaType{"ttc", "font/collection"},
    MediaType{"ttf", "font/ttf"},
    MediaType{"txt", "text/plain; charset=utf-8"},
    MediaType{"vcard", "text/vcard; charset=utf-8"},
    MediaType{"vcf", "text/vcard; charset=utf-8"},
    MediaType{"vtt", "text/vtt; charset=utf-8"},
    MediaType{"wasm", "application/wasm"},
    MediaType{"wav", "audio/wav"},
    MediaType{"weba", "audio/webm"},
    MediaType{"webm", "video/webm"},
    MediaType{"webmanifest", "application/manifest+json"},
    MediaType{"webp", "image/webp"},
    MediaType{"woff", "font/woff"},
    MediaType{"woff2", "font/woff2"},
    MediaType{"xhtml", "application/xhtml+xml; charset=utf-8"},
    MediaType{"xls", "application/vnd.ms-excel"},
    MediaType{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    MediaType{"xml", "application/xml; charset=utf-8"},
    MediaType{"xsd", "application/xml; charset=utf-8"},
    MediaType{"xsl", "application/xslt+xml; charset=utf-8"},
    MediaType{"xz", "application/x-xz"},
    MediaType{"yaml", "application/yaml"},
    MediaType{"yml", "application/yaml"},
    MediaType{"zip", "application/zip"},
    MediaType{"zst", "application/zstd"},
};

static_assert(std::ranges::is_sorted(media_types, {}, &MediaType::extension));

constexpr std::size_t longest_extension =
    std::ranges::max_element(media_types, {}, [](const MediaType& m) {
        return m.extension.size();
    })->extension.size();

} // namespace

std::string_view media_type(std::string_view file)
{
    static constexpr std::string_view unknown = "application/octet-stream";
    auto name = file.substr(file.rfind('/') + 1); // npos + 1 is 0
    auto dot = name.rfind('.');
    if (dot == name.npos || dot == 0) return unknown; // ".txt" is a name, not an extension
    auto extension = name.substr(dot + 1);
    if (extension.size() > longest_extension) return unknown;
    std::array<char, longest_extension> lower{};
    std::ranges::transform(extension, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    std::string_view wanted{lower.data(), extension.size()};
    auto found = std::ranges::lower_bound(media_types, wanted, {}, &MediaType::extension);
    return found != media_types.end() && found->extension == wanted ? found->type : unknown;
}

} // namespace portico::http
