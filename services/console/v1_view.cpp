#include "services/console/v1_view.hpp"

#include "services/http/parse.hpp"
#include "services/mime/html.hpp"
#include "services/mime/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace portico::console {

namespace {

using Html = mime::Html;

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text)
{
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const int high = text[at] == '%' && at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
        const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
        if (low < 0) {
            result += text[at];
        } else {
            result += static_cast<char>(high * 16 + low);
            at += 2;
        }
    }
    return result;
}

/// By Content-ID in lower case, the id of the first part that has it.
std::map<std::string, std::string> parts_by_content_id(const mime::Message& message)
{
    std::map<std::string, std::string> parts;
    for (const auto* list : {&message.inlines, &message.attachments})
        for (const auto& part : *list)
            if (!part.content_id.empty())
                parts.emplace(mime::ascii_lower(part.content_id), part.id);
    return parts;
}

/// What `value` is "cid:" of, as it is kept in the map above; "": it is no such URL.
std::string content_id_of(std::string_view value)
{
    constexpr std::string_view scheme = "cid:";
    if (value.find(':') == value.npos && value.find('&') == value.npos) return {};
    const auto decoded = mime::decode_references(value);
    const auto url = mime::trim(decoded);
    if (!mime::equals_ignoring_case(url.substr(0, scheme.size()), scheme)) return {};
    return mime::ascii_lower(percent_decoded(url.substr(scheme.size())));
}

bool is_set_by_us(std::string_view attribute)
{
    return mime::equals_ignoring_case(attribute, "target") ||
           mime::equals_ignoring_case(attribute, "rel");
}

std::string link_tag(const std::vector<mime::Attribute>& attributes)
{
    std::string tag = "<a";
    for (const auto& [name, value] : attributes) {
        if (is_set_by_us(name)) continue;
        const char quote = value.find('"') == value.npos ? '"' : '\'';
        tag += fmt::format(" {}={}{}{}", name, quote, value, quote);
    }
    return tag + " target=\"_blank\" rel=\"noreferrer noopener\">";
}

/// Types that browsers show without running anything in them.
bool is_harmless(std::string_view type)
{
    return (type.starts_with("image/") && type.find("svg") == type.npos &&
            type.find("xml") == type.npos) ||
           type.starts_with("audio/") || type.starts_with("video/") || type == "text/plain" ||
           type == "application/pdf"; // a browser's viewer works in no sandbox
}

} // namespace

std::string with_parts(const mime::Message& message, std::string_view folder)
{
    const auto parts = parts_by_content_id(message);
    const std::string_view html = message.html;
    std::string result;
    const char* copied = html.data();
    Html tokens{html};
    while (!parts.empty() && tokens.next()) {
        if (tokens.kind() != Html::Kind::start) continue;
        for (const auto& [name, value] : tokens.attributes()) {
            const auto found = value.empty() ? parts.end() : parts.find(content_id_of(value));
            if (found == parts.end()) continue;
            result.append(copied, value.data());
            result += folder;
            result += percent_encoded(found->second);
            copied = value.data() + value.size();
        }
    }
    return result.append(copied, html.data() + html.size());
}

std::string for_frame(std::string_view html, std::string_view nonce)
{
    // Stays where it is found last; mail has no use for two.
    const auto script = fmt::format("<script nonce=\"{}\">addEventListener(\"load\",()=>parent."
                                    "postMessage({{messageHeight:document.documentElement."
                                    "scrollHeight}},\"*\"))</script>",
                                    nonce);
    std::string result;
    const char* copied = html.data();
    std::size_t body_end = std::string::npos;
    Html tokens{html};
    while (tokens.next()) {
        const bool is_link = tokens.kind() == Html::Kind::start && tokens.name() == "a";
        const bool is_end = tokens.kind() == Html::Kind::end && tokens.name() == "body";
        if (!is_link && !is_end) continue;
        const auto tag = tokens.tag();
        result.append(copied, tag.data());
        copied = tag.data();
        if (is_end) {
            body_end = result.size();
            continue;
        }
        result += link_tag(tokens.attributes());
        copied += tag.size();
    }
    result.append(copied, html.data() + html.size());
    return result.insert(std::min(body_end, result.size()), script);
}

std::string view_fields(std::string_view nonce)
{
    const auto scripts = nonce.empty() ? std::pair<std::string, std::string>{}
                                       : std::pair{std::string{" allow-scripts"},
                                                   fmt::format("script-src 'nonce-{}'; ", nonce)};
    return fmt::format("Content-Security-Policy: sandbox allow-popups "
                       "allow-popups-to-escape-sandbox{}; default-src 'none'; {}"
                       "style-src 'unsafe-inline' *; img-src * data:; font-src * data:; "
                       "media-src * data:; base-uri 'none'; form-action 'none'\r\n"
                       "Referrer-Policy: no-referrer\r\n"
                       "X-Content-Type-Options: nosniff\r\n",
                       scripts.first, scripts.second);
}

std::string part_type(std::string_view content_type)
{
    const auto slash = content_type.find('/');
    const bool is_type = slash != content_type.npos &&
                         http::is_token(content_type.substr(0, slash)) &&
                         http::is_token(content_type.substr(slash + 1));
    return is_type ? std::string{content_type} : "application/octet-stream";
}

std::string part_fields(std::string_view content_type, std::string_view file_name)
{
    return fmt::format("Content-Disposition: inline; filename=\"{}\"\r\n{}"
                       "Referrer-Policy: no-referrer\r\n"
                       "X-Content-Type-Options: nosniff\r\n",
                       percent_encoded(file_name),
                       is_harmless(content_type)
                           ? ""
                           : "Content-Security-Policy: sandbox; default-src 'none'\r\n");
}

// ITU-T T.81: one component, quantized so that the first block's DC coefficient, 127, is white; the
// codes of all that follows are 0, that is, no difference and no AC coefficient.
const std::string& blank_picture()
{
    static const std::string picture = [] {
        using namespace std::string_view_literals;
        constexpr std::size_t blocks = 23 * 15; // of 8 by 8 pixels
        std::string jpeg{"\xff\xd8\xff\xdb\x00\x43\x00\x08"sv};
        jpeg.append(63, '\x01');
        jpeg += "\xff\xc0\x00\x0b\x08\x00\x78\x00\xb4\x01\x01\x11\x00"
                "\xff\xc4\x00\x15\x00\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00\x07" // DC: 0, 10
                "\xff\xc4\x00\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00"       // AC: 0
                "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
                "\xbf\x80"sv; // 10 1111111 0, and the beginning of the zeros
        jpeg.append((10 + 2 * (blocks - 1)) / 8 + 1 - 2, '\0');
        jpeg.back() = '\x3f'; // the end is filled up with ones
        return jpeg + "\xff\xd9";
    }();
    return picture;
}

std::string percent_encoded(std::string_view text)
{
    std::string result;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || std::string_view{"-._~"}.find(c) != text.npos;
        if (plain)
            result += c;
        else
            fmt::format_to(std::back_inserter(result), "%{:02X}", static_cast<unsigned char>(c));
    }
    return result;
}

} // namespace portico::console
