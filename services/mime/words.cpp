#include "services/mime/words.hpp"

#include "services/mime/charset.hpp"
#include "services/mime/transfer.hpp"
#include "services/mime/utf8.hpp"

#include <optional>

namespace portico::mime {

namespace {

constexpr std::size_t longest_charset = 64; // with RFC 2231's language

struct Word {
    std::string_view charset;
    bool base64;
    std::string_view text;
    std::size_t size; // of all of it
};

/// The encoded word at the front of `text`, which starts with "=?".
std::optional<Word> parse_word(std::string_view text)
{
    const auto charset = text.substr(2, longest_charset);
    const auto mark = charset.find('?');
    if (mark == charset.npos || mark == 0) return std::nullopt;
    if (charset.substr(0, mark).find_first_of(" \t\r\n=") != charset.npos) return std::nullopt;
    const auto rest = text.substr(2 + mark + 1);
    if (rest.size() < 2 || rest[1] != '?') return std::nullopt;
    const auto encoding = rest[0];
    const bool base64 = encoding == 'B' || encoding == 'b';
    if (!base64 && encoding != 'Q' && encoding != 'q') return std::nullopt;
    const auto end = rest.find("?=", 2);
    if (end == rest.npos) return std::nullopt;
    // RFC 2231 section 5: a language may follow the charset.
    const auto name = charset.substr(0, mark);
    return Word{name.substr(0, name.find('*')), base64, rest.substr(2, end - 2),
                2 + mark + 1 + end + 2};
}

std::string octets(const Word& word)
{
    return word.base64 ? decode_base64(word.text) : decode_quoted_printable(word.text, true);
}

/// Words that follow one another, as far as they have one charset: a character may be cut in two,
/// which RFC 2047 section 5 forbids and mailers do.
struct Run {
    std::string charset, octets;

    void add(const Word& word, std::string& result)
    {
        if (!equals_ignoring_case(charset, word.charset)) finish(result);
        charset = word.charset;
        octets += mime::octets(word);
    }
    void finish(std::string& result)
    {
        if (!octets.empty()) result += to_utf8(octets, charset);
        octets.clear();
        charset.clear();
    }
};

} // namespace

std::string decode_words(std::string_view text)
{
    std::string result;
    Run run;
    bool in_run = false;
    const auto last_end = text.rfind("?="); // no word begins behind it: each is looked for once
    std::size_t position = 0;
    while (position < text.size()) {
        auto start = text.find("=?", position);
        if (last_end == text.npos || start > last_end) start = text.size();
        const auto between = text.substr(position, start - position);
        const auto word = start < text.size() ? parse_word(text.substr(start)) : std::nullopt;
        // RFC 2047 section 6.2: blanks between two words are not shown.
        if (!(in_run && word && trim(between).empty())) {
            run.finish(result);
            result += scrub(between);
        }
        in_run = word.has_value();
        if (word) run.add(*word, result);
        const auto next = std::min(start + (word ? word->size : 2), text.size());
        if (!word) result += text.substr(start, next - start);
        position = next;
    }
    run.finish(result);
    return result;
}

} // namespace portico::mime
