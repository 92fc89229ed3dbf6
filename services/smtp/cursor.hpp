#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

/// What the grammars of SMTP are read with.
namespace portico::smtp {

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr bool is_let_dig(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}
constexpr bool is_ldh(char c)
{
    return is_let_dig(c) || c == '-';
}
constexpr bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}
constexpr bool is_ascii(char c)
{
    return static_cast<unsigned char>(c) < 128;
}
constexpr bool is_atext(char c) // RFC 5322 section 3.2.3
{
    return is_let_dig(c) || (c != '\0' && std::string_view{"!#$%&'*+-/=?^_`{|}~"}.contains(c));
}

/// Equal but for the case of ASCII letters, as verbs and keywords are compared.
constexpr bool same_word(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

/// What is left to read.
struct Cursor {
    std::string_view rest;

    bool at_end() const { return rest.empty(); }
    bool take(char wanted)
    {
        if (!rest.starts_with(wanted)) return false;
        rest.remove_prefix(1);
        return true;
    }
    template <class Predicate>
    std::string_view take_while(Predicate wanted)
    {
        auto end = std::ranges::find_if_not(rest, wanted);
        auto taken = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
        rest.remove_prefix(taken.size());
        return taken;
    }
    bool take_word(std::string_view word)
    {
        if (!same_word(rest.substr(0, word.size()), word)) return false;
        rest.remove_prefix(word.size());
        return true;
    }
    /// What was read since `start`, an earlier `rest`.
    std::string_view since(std::string_view start) const
    {
        return start.substr(0, start.size() - rest.size());
    }
};

} // namespace portico::smtp
