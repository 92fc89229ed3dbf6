#include "services/console/v1_compose.hpp"

#include "services/console/v1_encode.hpp"
#include "services/mime/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace portico::console {

namespace {

/// A body part: its own field lines, then an empty line, then its content.
using Body = std::string;

Body text_part(std::string_view subtype, std::string_view text)
{
    return fmt::format("Content-Type: text/{}; charset=utf-8\r\n"
                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n{}",
                       subtype, quoted_printable(text));
}

Body file_part(const Attachment& file)
{
    const bool is_inline = !file.content_id.empty();
    auto part = "Content-Type: " + file.content_type;
    if (!file.file_name.empty()) part += parameter("name", file.file_name);
    part += fmt::format("\r\nContent-Disposition: {}", is_inline ? "inline" : "attachment");
    if (!file.file_name.empty()) part += parameter("filename", file.file_name);
    if (is_inline) part += fmt::format("\r\nContent-ID: <{}>", file.content_id);
    part += "\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    return part + base64_lines(file.octets);
}

/// "=_" is in nothing that is in base64 or quoted-printable (RFC 2045 section 6.7).
Body multipart(std::string_view subtype, std::vector<Body> parts)
{
    if (parts.size() == 1) return std::move(parts.front());
    const auto boundary = fmt::format("=_{}", subtype);
    auto whole =
        fmt::format("Content-Type: multipart/{}; boundary=\"{}\"\r\n\r\n", subtype, boundary);
    for (const auto& part : parts) whole += fmt::format("--{}\r\n{}\r\n", boundary, part);
    return whole + fmt::format("--{}--\r\n", boundary);
}

Body body_of(const Outgoing& mail)
{
    std::vector<Body> alternative;
    if (!mail.text.empty() || mail.html.empty())
        alternative.push_back(text_part("plain", mail.text));
    if (!mail.html.empty()) alternative.push_back(text_part("html", mail.html));
    std::vector<Body> related;
    related.push_back(multipart("alternative", std::move(alternative)));
    std::vector<Body> mixed{""};
    for (const auto& file : mail.attachments)
        (file.content_id.empty() ? mixed : related).push_back(file_part(file));
    mixed.front() = multipart("related", std::move(related));
    return multipart("mixed", std::move(mixed));
}

std::string to_text(const Mailbox& mailbox)
{
    if (mailbox.name.empty()) return mailbox.address;
    return fmt::format("{} <{}>", display_name(mailbox.name), mailbox.address);
}

/// One address a line.
void add_addresses(std::string& header, std::string_view name, const std::vector<Mailbox>& list)
{
    if (list.empty()) return;
    header += fmt::format("{}: ", name);
    for (std::size_t index = 0; index < list.size(); ++index)
        header += (index > 0 ? ",\r\n " : "") + to_text(list[index]);
    header += "\r\n";
}

} // namespace

std::vector<std::string> recipients_of(const Outgoing& mail)
{
    std::vector<std::string> all;
    std::set<std::string> seen;
    const auto add = [&](const std::string& address) {
        if (seen.insert(mime::lower(address)).second) all.push_back(address);
    };
    for (const auto& mailbox : mail.to) add(mailbox.address);
    for (const auto& mailbox : mail.cc) add(mailbox.address);
    for (const auto& address : mail.bcc) add(address);
    return all;
}

std::string compose(const Outgoing& mail, const Stamp& stamp)
{
    std::string message;
    add_addresses(message, "From", {mail.from});
    add_addresses(message, "To", mail.to);
    add_addresses(message, "Cc", mail.cc);
    add_addresses(message, "Reply-To", mail.reply_to);
    message += fmt::format("Subject: {}\r\nDate: {}\r\n", header_text(mail.subject), stamp.date);
    const auto is_message_id = [](const auto& field) {
        return mime::equals_ignoring_case(field.first, "Message-ID");
    };
    if (std::ranges::none_of(mail.headers, is_message_id))
        message += fmt::format("Message-ID: <{}>\r\n", stamp.message_id);
    for (const auto& [name, value] : mail.headers)
        message += fmt::format("{}: {}\r\n", name, header_text(value));
    if (!mail.tags.empty()) {
        std::string tags;
        for (const auto& tag : mail.tags) tags += (tags.empty() ? "" : ",\r\n ") + tag;
        message += fmt::format("X-Tags: {}\r\n", tags);
    }
    return message + "MIME-Version: 1.0\r\n" + body_of(mail);
}

std::string_view detected_type(std::string_view octets)
{
    using namespace std::string_view_literals;
    constexpr std::pair<std::string_view, std::string_view> beginnings[] = {
        {"\x89PNG\r\n\x1a\n"sv, "image/png"},
        {"\xff\xd8\xff"sv, "image/jpeg"},
        {"GIF8"sv, "image/gif"},
        {"%PDF-"sv, "application/pdf"},
        {"PK\x03\x04"sv, "application/zip"},
        {"\x1f\x8b\x08"sv, "application/x-gzip"},
        {"<!DOCTYPE html"sv, "text/html"},
        {"<html"sv, "text/html"},
        {"<?xml"sv, "text/xml"},
    };
    for (const auto& [beginning, type] : beginnings)
        if (mime::equals_ignoring_case(octets.substr(0, beginning.size()), beginning)) return type;
    if (octets.starts_with("RIFF") && octets.substr(8).starts_with("WEBP")) return "image/webp";
    const auto is_binary = [](unsigned char c) {
        return c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f';
    };
    const bool is_text = std::ranges::none_of(octets, is_binary) && mime::is_utf8(octets);
    return is_text ? "text/plain; charset=utf-8" : "application/octet-stream";
}

} // namespace portico::console
