#pragma once

#include "services/mime/header.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portico::mime {

/// Beyond one of these what is left stays one part, not looked into.
struct Limits {
    std::size_t parts = 10'000; // of a message, multiparts counted
    std::size_t depth = 100;    // multiparts within one another
};

enum class Disposition : std::uint8_t { none, inline_, attachment };

/// A body part (RFC 2046) as it stands in the source, which outlives it.
struct Node {
    std::size_t parent = 0; // where it stands among the nodes; the root is its own
    std::vector<std::size_t> children = {};
    bool is_multipart = false;     // and looked into
    std::string id = {};           // "0"; "1", "2"; "2.1"
    std::string content_type = {}; // lower case, no parameters; the default if there is none
    std::string charset = {};      // as it says, or ""
    Disposition disposition = Disposition::none; // RFC 2183: an unknown one is an attachment
    std::string encoding = {};                   // Content-Transfer-Encoding
    std::string content_id = {};                 // without "<>"
    std::string file_name = {};                  // decoded; of its own, or ""
    std::string_view body = {}; // encoded, without the line end before its delimiter
};

struct Structure {
    Header header;           // of the message
    std::vector<Node> nodes; // at least one, in source order
};

/// Splits a message along its delimiters in one pass, without recursion: time and memory go with
/// its size, and memory with `limits`, too. message/rfc822 is not looked into: it is an attachment.
Structure split(std::string_view source, const Limits& limits = {});

/// The body without its transfer encoding; text in UTF-8.
std::string content(const Node& node);

} // namespace portico::mime
