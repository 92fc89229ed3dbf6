#include "services/mime/node.hpp"

#include "services/mime/charset.hpp"
#include "services/mime/parameters.hpp"
#include "services/mime/transfer.hpp"
#include "services/mime/utf8.hpp"

#include <algorithm>

namespace portico::mime {

namespace {

// RFC 2045 section 5.1.
bool is_token(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        constexpr std::string_view specials = "()<>@,;:\\\"/[]?=";
        return c > 0x20 && c < 0x7F && specials.find(c) == specials.npos;
    });
}

// What is no type means nothing (section 5.2).
bool is_media_type(std::string_view text)
{
    const auto slash = text.find('/');
    return slash != text.npos && is_token(text.substr(0, slash)) &&
           is_token(text.substr(slash + 1));
}

Disposition disposition(std::string_view value)
{
    if (!is_token(value)) return Disposition::none;
    // RFC 2183 section 2.8: what is not known is an attachment.
    return value == "inline" ? Disposition::inline_ : Disposition::attachment;
}

// No file name leads out of a folder, nor into the next line.
std::string safe_name(std::string_view name)
{
    std::string result;
    for (char c : name.substr(name.find_last_of("/\\") + 1))
        if ((static_cast<unsigned char>(c) >= 0x20 && c != 0x7F)) result += c;
    return std::string{trim(result)};
}

std::string without_angles(std::string_view text)
{
    text = trim(text);
    if (text.starts_with('<')) text.remove_prefix(1);
    if (text.ends_with('>')) text.remove_suffix(1);
    return std::string{text};
}

// HTML says its charset itself where the field does not; in the first 1024 octets (WHATWG HTML,
// 13.2.3.2), or it is not looked for.
std::string charset_of_html(std::string_view html)
{
    const auto head = ascii_lower(html.substr(0, 1024));
    constexpr std::string_view mark = "charset=";
    const auto found = head.find(mark, std::min(head.find("<meta"), head.size()));
    if (found == head.npos) return {};
    const std::string_view rest = std::string_view{head}.substr(found + mark.size());
    const auto start = std::min(rest.find_first_not_of("\"' "), rest.size());
    return std::string{rest.substr(start, rest.find_first_of("\"' >;/", start) - start)};
}

} // namespace

std::string describe(const Header& header, std::string_view default_type, Node& node)
{
    const auto type = parse_parametrized(header["Content-Type"]);
    const auto disposed = parse_parametrized(header["Content-Disposition"]);
    node.content_type = is_media_type(type.value) ? type.value : std::string{default_type};
    node.charset = type["charset"];
    node.disposition = disposition(disposed.value);
    node.encoding = header["Content-Transfer-Encoding"];
    node.content_id = without_angles(header["Content-ID"]);
    for (auto name : {disposed["filename"], type["name"], type["file"]})
        if (node.file_name.empty()) node.file_name = safe_name(name);
    if (!node.content_type.starts_with("multipart/")) return {};
    const auto boundary = trim(type["boundary"]);
    // RFC 2045 section 5.2: a type that is not valid is none; so what it holds can be read.
    if (boundary.empty()) node.content_type = default_type;
    return std::string{boundary};
}

std::string content(const Node& node)
{
    auto octets = decode_transfer(node.body, node.encoding);
    if (!node.content_type.starts_with("text/")) return octets;
    if (node.charset.empty() && node.content_type == "text/html")
        return to_utf8(octets, charset_of_html(octets));
    return to_utf8(octets, node.charset);
}

} // namespace portico::mime
