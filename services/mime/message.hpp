#pragma once

#include "services/mime/address.hpp"
#include "services/mime/date.hpp"
#include "services/mime/header.hpp"
#include "services/mime/list_unsubscribe.hpp"
#include "services/mime/structure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Internet messages (RFC 5322) and MIME (RFC 2045 to 2049, 2183, 2231): octets in, values out.
/// Every text is UTF-8, with U+FFFD for what cannot be read. Nothing fails, whatever the octets:
/// time and memory go with their number.
namespace portico::mime {

struct Checksums {
    std::string md5, sha1, sha256; // lower-case hex
};

/// A part that is listed: one with a file name or a Content-ID.
struct Part {
    std::string id;
    std::string file_name;    // falls back to the Content-ID
    std::string content_type; // lower case, no parameters
    std::string content_id;   // without "<>"
    std::uint64_t size = 0;   // of what content_of() gives; 0 in an outline
    Checksums checksums = {}; // of the same; "" in an outline
};

struct Message {
    std::vector<Field> fields; // in order
    Address from;
    std::vector<Address> to, cc, bcc, reply_to;
    std::string subject;
    std::string message_id; // without "<>"; "" if it has none
    std::optional<Date> date;
    std::string text; // the HTML as text, if there is only that
    std::string html;
    bool has_html = false;     // even if it is empty
    std::vector<Part> inlines; // shown within the message
    std::vector<Part> attachments;
    bool has_inline = false; // a part with this disposition, listed or not
    ListUnsubscribe list_unsubscribe;

    /// The value of the first field of this name in any case, or "".
    std::string_view operator[](std::string_view name) const;
};

enum class Detail : std::uint8_t {
    outline, // no part is decoded but the text: for lists and search
    whole,
};

Message parse(std::string_view source, Detail detail = Detail::whole, const Limits& limits = {});

/// One part as it is handed out: decoded, text in UTF-8.
struct Content {
    std::string content_type; // lower case, no parameters
    std::string file_name;    // as Part has it; may be ""
    std::string octets;
};

/// The part with this id, whether it is listed or not. Multiparts have no content.
std::optional<Content> part(std::string_view source, std::string_view id,
                            const Limits& limits = {});

} // namespace portico::mime
