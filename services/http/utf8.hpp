#pragma once

#include <string_view>

namespace portico::http {

/// Tells octet by octet whether a text is UTF-8 as RFC 3629 section 4 has it: no overlong forms,
/// no surrogates, nothing past U+10FFFF. So a text may come in pieces, cut within a character, and
/// is refused with the first octet that no character has there.
class Utf8 {
public:
    /// Whether the text can go on with this octet. After false call it no more.
    bool take(unsigned char octet);
    bool take(std::string_view piece);

    /// Whether the last character is whole.
    bool whole() const { return missing_ == 0; }
    /// The last character, if it is whole.
    char32_t character() const { return character_; }

private:
    bool begin(unsigned char octet);

    char32_t character_ = 0;
    unsigned missing_ = 0;     // octets of the character that are still to come
    unsigned char low_ = 0x80; // what the next of them may be
    unsigned char high_ = 0xBF;
};

} // namespace portico::http
