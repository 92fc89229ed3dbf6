#include "services/accounts/base64.hpp"
#include "services/catalog/tags.hpp"
#include "services/console/v1_compose.hpp"
#include "services/console/v1_request.hpp"
#include "services/http/parse.hpp"
#include "services/mime/address.hpp"
#include "services/mime/utf8.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace portico::console {

namespace {

using nlohmann::json;
using std::string;

struct Refused {
    string why;
};

// Everything here throws Refused rather than to hand each mistake up through four levels; to_send()
// is the one place that catches it.
[[noreturn]] void refuse(string why)
{
    throw Refused{std::move(why)};
}

string text_of(const json& object, std::string_view name)
{
    auto found = text(object, name);
    if (!found) refuse(std::move(found.error()));
    return std::move(*found);
}

bool has_controls(std::string_view text)
{
    return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 127; });
}

/// One line, whatever was asked for: what goes into a header must not end it.
string line_of(const json& object, std::string_view name)
{
    auto line = text_of(object, name);
    std::ranges::replace_if(
        line, [](unsigned char c) { return c < ' ' || c == 127; }, ' ');
    return line;
}

string address(std::string_view text)
{
    const auto trimmed = mime::trim(text);
    const auto at = trimmed.rfind('@');
    const auto parsed = mime::parse_addresses(trimmed);
    const bool is_address = at != 0 && at != trimmed.npos && at + 1 < trimmed.size() &&
                            trimmed.find_first_of(" <>,;()") == trimmed.npos &&
                            !has_controls(trimmed) && mime::is_utf8(trimmed) &&
                            trimmed.size() <= 320 && parsed.size() == 1 &&
                            parsed.front().address == trimmed;
    if (!is_address) refuse("\"" + mime::scrub(text) + "\" is no address");
    return string{trimmed};
}

Mailbox mailbox(const json& value)
{
    return {.address = address(text_of(value, "Email")), .name = line_of(value, "Name")};
}

const json* list(const json& request, std::string_view name)
{
    const auto* value = member(request, name);
    if (value && !value->is_array()) refuse(string{name} + " must be a list");
    return value;
}

std::vector<Mailbox> mailboxes(const json& request, std::string_view name)
{
    std::vector<Mailbox> all;
    if (const auto* values = list(request, name))
        for (const auto& value : *values) all.push_back(mailbox(value));
    return all;
}

std::vector<string> texts_of(const json& request, std::string_view name)
{
    auto found = texts(request, name);
    if (!found) refuse(std::move(found.error()));
    return std::move(*found);
}

std::vector<std::pair<string, string>> headers(const json& request, bool with_tags)
{
    constexpr std::array ours{"To",   "From",    "Cc",           "Bcc",         "Reply-To",
                              "Date", "Subject", "Content-Type", "MIME-Version"};
    std::vector<std::pair<string, string>> fields;
    const auto* object = member(request, "Headers");
    if (!object) return fields;
    if (!object->is_object()) refuse("Headers must be an object");
    for (const auto& [name, value] : object->items()) {
        const auto is_it = [&](std::string_view other) {
            return mime::equals_ignoring_case(name, other);
        };
        if (std::ranges::any_of(ours, is_it) || (with_tags && is_it("X-Tags")) ||
            is_it("Content-Transfer-Encoding"))
            refuse("Headers may not have " + name);
        if (!http::is_token(name) || name.size() > 200) refuse("Headers has a name that is none");
        if (!value.is_string()) refuse("Headers." + name + " must be a text");
        auto text = value.get<string>();
        if (has_controls(text)) refuse("Headers." + name + " is not one line");
        fields.emplace_back(name, std::move(text));
    }
    return fields;
}

string content(const json& file)
{
    auto text = text_of(file, "Content");
    if (text.starts_with("data:")) text.erase(0, text.find(',') + 1);
    std::erase_if(text, [](char c) { return c == '\r' || c == '\n' || c == ' '; });
    auto octets = accounts::from_base64(text);
    if (!octets) refuse("Attachments has Content that is no base64");
    return std::move(*octets);
}

Attachment attachment(const json& file)
{
    Attachment made{.octets = content(file),
                    .file_name = line_of(file, "Filename"),
                    .content_type = line_of(file, "ContentType"),
                    .content_id = line_of(file, "ContentID")};
    const auto type = std::string_view{made.content_type}.substr(0, made.content_type.find(';'));
    const auto slash = type.find('/');
    const bool is_type = slash != type.npos && http::is_token(type.substr(0, slash)) &&
                         http::is_token(mime::trim(type.substr(slash + 1))) &&
                         made.content_type.size() <= 500;
    if (!is_type) made.content_type = detected_type(made.octets);
    std::erase_if(made.content_id, [](char c) { return c == '<' || c == '>' || c == ' '; });
    if (made.content_id.size() > 500) refuse("Attachments has a ContentID of over 500 octets");
    return made;
}

Outgoing read(const json& request)
{
    Outgoing mail;
    const auto* from = member(request, "From");
    if (!from || text_of(*from, "Email").empty()) refuse("From.Email is missing");
    mail.from = mailbox(*from);
    mail.to = mailboxes(request, "To");
    mail.cc = mailboxes(request, "Cc");
    mail.reply_to = mailboxes(request, "ReplyTo");
    for (const auto& text : texts_of(request, "Bcc")) mail.bcc.push_back(address(text));
    if (mail.to.empty() && mail.cc.empty() && mail.bcc.empty()) refuse("there is no recipient");
    mail.subject = line_of(request, "Subject");
    mail.text = text_of(request, "Text");
    mail.html = text_of(request, "HTML");
    mail.tags = catalog::clean_tags(texts_of(request, "Tags"));
    mail.headers = headers(request, !mail.tags.empty());
    if (const auto* files = list(request, "Attachments"))
        for (const auto& file : *files) mail.attachments.push_back(attachment(file));
    return mail;
}

} // namespace

std::expected<Outgoing, std::string> to_send(const json& request)
{
    try {
        return read(request);
    } catch (Refused& refused) {
        return std::unexpected{std::move(refused.why)};
    }
}

} // namespace portico::console
