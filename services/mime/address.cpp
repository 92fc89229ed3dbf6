#include "services/mime/address.hpp"

#include "services/mime/utf8.hpp"
#include "services/mime/words.hpp"

#include <algorithm>

namespace portico::mime {

namespace {

/// Reads a list from the front to the back, each octet once; nesting of comments is a count.
class List {
public:
    explicit List(std::string_view text) : text_{text} {}

    std::vector<Address> read()
    {
        while (!text_.empty()) step();
        finish();
        return std::move(addresses_);
    }

private:
    void step()
    {
        switch (text_.front()) {
        case '"': quoted(); break;
        case '(': comment(); break;
        case '<': angle(); break;
        case ':': group(); break;
        case ',':
        case ';': // RFC 5322 section 3.4: ends a group; and mailers separate by it
            finish();
            text_.remove_prefix(1);
            break;
        default: words(); break;
        }
    }

    // All that stands for itself, blanks included.
    void words()
    {
        const auto end = std::min(text_.find_first_of("\"(<:,;", 1), text_.size());
        phrase_ += text_.substr(0, end);
        spec_ += text_.substr(0, end);
        text_.remove_prefix(end);
    }

    // RFC 5322 section 3.2.4: of a name without the quotes, of a local part with them.
    void quoted()
    {
        const auto start = text_;
        text_.remove_prefix(1);
        while (!text_.empty() && text_.front() != '"') {
            if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
            phrase_ += text_.front();
            text_.remove_prefix(1);
        }
        if (!text_.empty()) text_.remove_prefix(1);
        spec_ += start.substr(0, start.size() - text_.size());
    }

    // RFC 5322 section 3.2.2. The text of the last one is the name where nothing else is: the
    // way of writing before RFC 822.
    void comment()
    {
        comment_.clear();
        std::size_t depth = 0;
        do {
            const auto c = text_.front();
            text_.remove_prefix(1);
            if (c == '(' && depth++ == 0) continue;
            if (c == ')' && --depth == 0) break;
            if (c == '\\' && !text_.empty()) {
                comment_ += text_.front();
                text_.remove_prefix(1);
            } else {
                comment_ += c;
            }
        } while (!text_.empty());
        phrase_ += ' ';
    }

    // An angle-addr; RFC 5322 section 4.4: a route before the address means nothing.
    void angle()
    {
        text_.remove_prefix(1);
        if (text_.starts_with('@')) {
            const auto mark = text_.find_first_of(":>");
            if (mark != text_.npos && text_[mark] == ':') text_.remove_prefix(mark + 1);
        }
        const auto end = angle_end();
        if (angle_.empty()) angle_ = without_comments(text_.substr(0, end));
        text_.remove_prefix(end);
        if (text_.starts_with('>')) text_.remove_prefix(1);
        has_angle_ = true;
    }

    std::size_t angle_end() const
    {
        bool is_quoted = false;
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (text_[i] == '"') is_quoted = !is_quoted;
            if (is_quoted && text_[i] == '\\') ++i;
            // The next one begins: this one was not closed.
            if (!is_quoted && (text_[i] == '>' || text_[i] == ',' || text_[i] == '<')) return i;
        }
        // Perhaps only a quote was not closed.
        return std::min(text_.find('>'), text_.size());
    }

    static std::string without_comments(std::string_view text)
    {
        if (text.find('(') == text.npos || text.find('"') != text.npos) return std::string{text};
        std::string result;
        std::size_t depth = 0;
        for (char c : text) {
            if (c == '(') ++depth;
            if (depth == 0) result += c;
            if (c == ')' && depth > 0) --depth;
        }
        return result;
    }

    // What stood before it is the group's name. In "mailto:ana@example.net" it is no loss either.
    void group()
    {
        text_.remove_prefix(1);
        clear();
    }

    void finish()
    {
        const auto address = without_blanks(has_angle_ ? angle_ : spec_);
        const bool readable = has_angle_ ? !address.empty() : is_address();
        if (readable) {
            auto name = std::string{trim(decode_words(has_angle_ ? collapse(phrase_) : ""))};
            if (name.empty()) name = trim(decode_words(collapse(comment_)));
            // Some mailers quote twice: "'ana@example.net'" is a name like any other.
            addresses_.push_back({std::move(name), decode_words(address)});
        }
        clear();
    }

    // One word with an "@" within; of several words it would be a guess which one is meant.
    bool is_address() const
    {
        const auto spec = trim(spec_);
        const auto at = spec.rfind('@');
        if (at == spec.npos || at == 0 || at + 1 == spec.size()) return false;
        if (spec.starts_with('"')) return spec[at - 1] == '"';
        return spec.find_first_of(" \t\r\n") == spec.npos || spec.find(" @") != spec.npos ||
               spec.find("@ ") != spec.npos || spec.find(" .") != spec.npos ||
               spec.find(". ") != spec.npos;
    }

    // Outside of quotes they mean nothing (the obsolete forms, RFC 5322 section 4.4).
    static std::string without_blanks(std::string_view text)
    {
        std::string address;
        bool is_quoted = false;
        for (char c : trim(text)) {
            if (c == '"') is_quoted = !is_quoted;
            if (is_quoted || (c != ' ' && c != '\t' && c != '\r' && c != '\n')) address += c;
        }
        return address;
    }

    static std::string collapse(std::string_view text)
    {
        std::string result;
        for (char c : text) {
            const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
            if (!blank)
                result += c;
            else if (!result.empty() && result.back() != ' ')
                result += ' ';
        }
        return result;
    }

    void clear()
    {
        phrase_.clear();
        spec_.clear();
        comment_.clear();
        angle_.clear();
        has_angle_ = false;
    }

    std::string_view text_;
    std::string phrase_;  // a name, if an angle-addr follows
    std::string spec_;    // an address, if none does
    std::string comment_; // the last one
    std::string angle_;
    bool has_angle_ = false;
    std::vector<Address> addresses_;
};

} // namespace

std::vector<Address> parse_addresses(std::string_view text)
{
    return List{text}.read();
}

Address parse_from(std::string_view text)
{
    auto addresses = parse_addresses(text);
    if (!addresses.empty()) return std::move(addresses.front());
    return {.name = std::string{trim(decode_words(text))}};
}

} // namespace portico::mime
