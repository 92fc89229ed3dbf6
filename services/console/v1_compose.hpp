#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A message made of what POST /api/v1/send says. Pure.
namespace portico::console {

struct Mailbox {
    std::string address; // local part, "@" and domain; UTF-8
    std::string name = {};
};

struct Attachment {
    std::string octets;
    std::string file_name;
    std::string content_type; // with its parameters; one line
    std::string content_id;   // "": an attachment; else shown within the HTML
};

struct Outgoing {
    Mailbox from = {};
    std::vector<Mailbox> to = {}, cc = {}, reply_to = {};
    std::vector<std::string> bcc = {}; // in no header
    std::string subject = {}, text = {}, html = {};
    std::vector<std::string> tags = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::vector<Attachment> attachments = {};
};

/// What a request asks to be sent; an error is a sentence for the client.
std::expected<Outgoing, std::string> to_send(const nlohmann::json& request);

/// Everyone who gets it, each once.
std::vector<std::string> recipients_of(const Outgoing& mail);

/// What is added: `date` as RFC 5322 has it, `id` unique in the world and without "<>".
struct Stamp {
    std::string date;
    std::string message_id;
};

/// The message (RFC 5322, MIME) in lines of at most 998 octets, each with CRLF:
/// mixed[related[alternative[text, html], inline...], attachments...], without levels that would
/// hold only one part. Texts come back just as they were given, so a message may not end in CRLF.
std::string compose(const Outgoing& mail, const Stamp& stamp);

/// What octets are that come without a type: by how they begin.
std::string_view detected_type(std::string_view octets);

} // namespace portico::console
