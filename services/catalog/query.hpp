#pragma once

#include "services/catalog/when.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The search grammar of Mailpit's API, without any I/O.
namespace portico::catalog {

/// Newlines, tabs and `< > " , ; ( )` are blanks, blanks are one, none at the ends, lower case
/// (Unicode). Both sides of a comparison are cleaned: so a phrase is found across mark-up.
std::string clean(std::string_view text);

/// A message as a search sees it. All texts are cleaned or in lower case.
struct Facts {
    std::string from, to, cc, bcc, reply_to; // "name address", each cleaned, with a newline
    std::string subject;                     // in lower case
    std::string message_id;                  // without "<>"
    std::vector<std::string> tags;
    bool read = false;
    bool attachments = false;
    bool inlines = false;
    std::chrono::sys_time<std::chrono::milliseconds> created = {};
    std::uint64_t size = 0;
    std::string text; // all that plain terms search, cleaned
};

struct Term {
    enum class Kind : std::uint8_t {
        text,
        to,
        from,
        cc,
        bcc,
        reply_to,
        addressed, // any of these five
        subject,
        message_id,
        tag,
        read,
        unread,
        tagged,
        attachments,
        inlines,
        after,
        before,
        larger,
        smaller,
    };

    Kind kind = Kind::text;
    bool negated = false;
    std::string value = {}; // what is looked for, cleaned; of a subject only in lower case
    std::chrono::sys_time<std::chrono::milliseconds> time = {}; // of after and before
    double size = 0;                                            // of larger and smaller, octets

    bool operator==(const Term&) const = default;
};

/// All of its terms must hold; without terms it matches everything.
struct Query {
    std::vector<Term> terms;

    /// Whether a search must look at texts, beyond header fields and state.
    bool needs_text() const;
};

/// Whatever the text: what is no term of the grammar is searched as text. `zone` is that of dates
/// without an offset.
Query parse_query(std::string_view text, const Zone& zone);

bool matches(const Term& term, const Facts& facts);
bool matches(const Query& query, const Facts& facts);

/// The recipient without whom nothing matches: of the first to:, cc: or bcc: that is not negated.
/// Every message that matches has `part` within "name address" of such a recipient, cleaned. A
/// store can so look only at the messages of some.
struct Pinned {
    Term::Kind field;
    std::string part;
    bool is_address; // it has the form of a whole address, which it still may only be a part of

    bool operator==(const Pinned&) const = default;
};
std::optional<Pinned> pinned_recipient(const Query& query);

} // namespace portico::catalog
