#pragma once

#include <string>
#include <string_view>

/// Text from a client as it may stand in a line for people or programs. Pure.
namespace portico::log {

/// One line for a terminal: control bytes, and bytes that are not UTF-8 (RFC 3629), as \xNN.
std::string printable(std::string_view text);

/// The same where only ASCII is wanted: every other byte as \xNN.
std::string printable_ascii(std::string_view text);

/// A JSON string with its quotes (RFC 8259 section 7); U+FFFD for each byte that is not UTF-8.
std::string json_string(std::string_view text);

} // namespace portico::log
