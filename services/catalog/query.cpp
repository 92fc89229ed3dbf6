#include "services/catalog/query.hpp"

#include "services/mime/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace portico::catalog {

namespace {

using Kind = Term::Kind;

struct Prefix {
    std::string_view text;
    Kind kind;
};
constexpr Prefix prefixes[] = {
    {"to:", Kind::to},
    {"from:", Kind::from},
    {"cc:", Kind::cc},
    {"bcc:", Kind::bcc},
    {"reply-to:", Kind::reply_to},
    {"addressed:", Kind::addressed},
    {"subject:", Kind::subject},
    {"message-id:", Kind::message_id},
    {"tag:", Kind::tag},
    {"after:", Kind::after},
    {"before:", Kind::before},
    {"larger:", Kind::larger},
    {"smaller:", Kind::smaller},
};
// These are whole terms.
constexpr Prefix states[] = {
    {"is:read", Kind::read},
    {"is:unread", Kind::unread},
    {"is:tagged", Kind::tagged},
    {"has:attachment", Kind::attachments},
    {"has:attachments", Kind::attachments},
    {"has:inline", Kind::inlines},
    {"has:inlines", Kind::inlines},
};

bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// The text up to the next blank that is outside of quotes, without its quotes.
std::string take_word(std::string_view& text)
{
    std::string word;
    bool quoted = false;
    while (!text.empty() && (quoted || !is_blank(text.front()))) {
        if (text.front() == '"')
            quoted = !quoted;
        else
            word += text.front();
        text.remove_prefix(1);
    }
    return word;
}

/// "1.5m" in octets: k or kb, m or mb, in any case; nothing for what is no size.
std::optional<double> parse_size(std::string_view text)
{
    double value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (result.ec != std::errc{} || !(value >= 0 && value < 1e18)) return std::nullopt;
    const auto unit = mime::ascii_lower(mime::trim({result.ptr, end}));
    if (unit.empty() || unit == "b") return value;
    if (unit == "k" || unit == "kb") return value * 1024;
    if (unit == "m" || unit == "mb") return value * 1024 * 1024;
    return std::nullopt;
}

/// The term that the grammar knows by its prefix. A date that cannot be read makes no term at all.
struct Known {
    bool is_text = false;
    std::optional<Term> term = {};
};

Known with_prefix(Kind kind, std::string_view value, const Zone& zone)
{
    Term term{.kind = kind, .value = clean(value)};
    if (term.value.empty()) return {};
    if (kind == Kind::subject) term.value = mime::lower(value);
    if (kind == Kind::message_id) term.value = mime::lower(mime::trim(value));
    if (kind == Kind::after || kind == Kind::before) {
        const auto time = parse_when(value, zone);
        if (!time) return {};
        term.time = *time;
        term.value.clear();
    }
    if (kind == Kind::larger || kind == Kind::smaller) {
        const auto size = parse_size(mime::trim(value));
        if (!size) return {.is_text = true};
        term.size = *size;
        term.value.clear();
    }
    return {.term = std::move(term)};
}

Known parse_term(std::string_view word, const Zone& zone)
{
    for (const auto& state : states)
        if (mime::equals_ignoring_case(mime::trim(word), state.text))
            return {.term = Term{.kind = state.kind}};
    for (const auto& prefix : prefixes) {
        const auto front = word.substr(0, prefix.text.size());
        if (!mime::equals_ignoring_case(front, prefix.text)) continue;
        auto known = with_prefix(prefix.kind, word.substr(front.size()), zone);
        if (!known.is_text) return known;
    }
    Term text{.value = clean(word)};
    if (text.value.empty()) return {};
    return {.term = std::move(text)};
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

bool holds(const Term& term, const Facts& facts)
{
    switch (term.kind) {
    case Kind::text: return has(facts.text, term.value);
    case Kind::to: return has(facts.to, term.value);
    case Kind::from: return has(facts.from, term.value);
    case Kind::cc: return has(facts.cc, term.value);
    case Kind::bcc: return has(facts.bcc, term.value);
    case Kind::reply_to: return has(facts.reply_to, term.value);
    case Kind::addressed:
        return has(facts.to, term.value) || has(facts.from, term.value) ||
               has(facts.cc, term.value) || has(facts.bcc, term.value) ||
               has(facts.reply_to, term.value);
    case Kind::subject: return has(facts.subject, term.value);
    case Kind::message_id: return has(facts.message_id, term.value);
    case Kind::tag: return std::ranges::find(facts.tags, term.value) != facts.tags.end();
    case Kind::read: return facts.read;
    case Kind::unread: return !facts.read;
    case Kind::tagged: return !facts.tags.empty();
    case Kind::attachments: return facts.attachments;
    case Kind::inlines: return facts.inlines;
    case Kind::after: return facts.created >= term.time;
    case Kind::before: return facts.created <= term.time;
    case Kind::larger: return static_cast<double>(facts.size) > term.size;
    case Kind::smaller: return static_cast<double>(facts.size) < term.size;
    }
    return false;
}

} // namespace

std::string clean(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n<>\",;()";
    std::string result;
    result.reserve(text.size());
    for (char c : text) {
        if (blanks.find(c) == blanks.npos)
            result += c;
        else if (!result.empty() && result.back() != ' ')
            result += ' ';
    }
    if (result.ends_with(' ')) result.pop_back();
    return mime::lower(result);
}

bool Query::needs_text() const
{
    return std::ranges::any_of(terms, [](const Term& term) { return term.kind == Kind::text; });
}

Query parse_query(std::string_view text, const Zone& zone)
{
    Query query;
    while (!text.empty()) {
        if (is_blank(text.front())) {
            text.remove_prefix(1);
            continue;
        }
        const auto taken = take_word(text);
        std::string_view word = taken;
        const bool negated = word.size() > 1 && (word.front() == '-' || word.front() == '!');
        if (negated) word.remove_prefix(1);
        auto known = parse_term(word, zone);
        if (!known.term) continue;
        known.term->negated = negated;
        query.terms.push_back(std::move(*known.term));
    }
    return query;
}

bool matches(const Term& term, const Facts& facts)
{
    return holds(term, facts) != term.negated;
}

bool matches(const Query& query, const Facts& facts)
{
    return std::ranges::all_of(query.terms, [&](const Term& term) { return matches(term, facts); });
}

std::optional<Pinned> pinned_recipient(const Query& query)
{
    for (const auto& term : query.terms) {
        if (term.negated) continue;
        if (term.kind != Kind::to && term.kind != Kind::cc && term.kind != Kind::bcc) continue;
        const auto at = term.value.find('@');
        const bool is_address = at != term.value.npos && at > 0 && at + 1 < term.value.size() &&
                                !has(term.value, " ") && term.value.rfind('@') == at;
        return Pinned{term.kind, term.value, is_address};
    }
    return std::nullopt;
}

} // namespace portico::catalog
