#pragma once

#include <string>
#include <string_view>

namespace portico::mime {

constexpr char32_t replacement = 0xFFFD;

/// Appends a character; U+FFFD for what is none (surrogates, past U+10FFFF).
void append(std::string& text, char32_t character);

/// The character at the front of `text`, which is not empty, and takes it away. What is no UTF-8
/// (RFC 3629 section 4) is one U+FFFD for each beginning that cannot go on.
char32_t take(std::string_view& text);

/// `text` with U+FFFD for all that is no UTF-8.
std::string scrub(std::string_view text);

bool is_utf8(std::string_view text);

/// Every character's simple lower case (Unicode; no locale, no context), U+FFFD for what is no
/// UTF-8: the same characters always match, wherever they stand.
std::string lower(std::string_view text);

/// Only A to Z.
std::string ascii_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Without blanks, tabs and line ends at both ends.
std::string_view trim(std::string_view text);

/// At most `octets` of UTF-8 from the front, cut between characters.
std::string_view cut(std::string_view text, std::size_t octets);

} // namespace portico::mime
