#include "services/http/conditional.hpp"

#include "services/http/date.hpp"

#include <algorithm>
#include <optional>

namespace portico::http {

namespace {

using std::chrono::sys_seconds;

// RFC 9110 section 8.8.3: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE. How long the one at the
// front is; 0 if there is none.
std::size_t entity_tag_length(std::string_view text)
{
    const std::size_t weak = text.starts_with("W/") ? 2 : 0;
    if (text.size() < weak + 2 || text[weak] != '"') return 0;
    const auto close = text.find('"', weak + 1);
    if (close == text.npos) return 0;
    const auto opaque = text.substr(weak + 1, close - weak - 1);
    const bool right = std::ranges::all_of(opaque, [](char c) {
        auto octet = static_cast<unsigned char>(c);
        return octet > 0x20 && octet != 0x7f; // '"' has been found already
    });
    return right ? close + 1 : 0;
}

// "*" or a list of entity-tags, which may have commas in them. A list that is malformed matches
// nothing from there on.
bool any_matches(std::string_view list, std::string_view etag, Comparison comparison)
{
    if (list == "*") return true;
    for (;;) {
        list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
        const auto length = entity_tag_length(list);
        if (length == 0) return false;
        if (matches(list.substr(0, length), etag, comparison)) return true;
        list.remove_prefix(length);
        list.remove_prefix(std::min(list.find_first_not_of(" \t"), list.size()));
        if (!list.starts_with(',')) return false;
    }
}

// Sections 13.1.3 and 13.1.4: a field that is no date is ignored, and so is a repeated one.
std::optional<sys_seconds> date_of(const Request& request, std::string_view name, sys_seconds now)
{
    const auto value = request.combined(name);
    return value ? parse_date(*value, now) : std::nullopt;
}

} // namespace

bool matches(std::string_view one, std::string_view other, Comparison comparison)
{
    if (comparison == Comparison::strong) return one == other && !one.starts_with("W/");
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (other.starts_with("W/")) other.remove_prefix(2);
    return one == other;
}

Verdict evaluate(const Request& request, const Validators& validators, sys_seconds now)
{
    const bool reads = request.method == "GET" || request.method == "HEAD";
    // 1.
    if (const auto tags = request.combined("if-match")) {
        if (!any_matches(*tags, validators.etag, Comparison::strong)) // section 13.1.1
            return Verdict::precondition_failed;
    } else if (const auto date = date_of(request, "if-unmodified-since", now)) { // 2.
        if (validators.last_modified > *date) return Verdict::precondition_failed;
    }
    // 3.
    if (const auto tags = request.combined("if-none-match")) {
        if (any_matches(*tags, validators.etag, Comparison::weak)) // section 13.1.2
            return reads ? Verdict::not_modified : Verdict::precondition_failed;
    } else if (reads) { // 4.
        const auto date = date_of(request, "if-modified-since", now);
        if (date && validators.last_modified <= *date) return Verdict::not_modified;
    }
    return Verdict::fulfilled;
}

bool wants_range(const Request& request, const Validators& validators, sys_seconds now)
{
    // RFC 9110 section 14.2: with other methods Range has no meaning.
    if (request.method != "GET" || !request.field("range")) return false;
    const auto condition = request.combined("if-range");
    if (!condition) return true;
    if (entity_tag_length(*condition) == condition->size()) // section 13.1.5
        return matches(*condition, validators.etag, Comparison::strong);
    // A date must be the very one; and as it may have changed twice within its second, it is
    // strong only when that second is over (section 8.8.2.2).
    const auto date = parse_date(*condition, now);
    return date && *date == validators.last_modified && *date < now;
}

} // namespace portico::http
