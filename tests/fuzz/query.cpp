// Any text is a query, and any octets are a zone or none. A term and its negation never agree.

#include "services/catalog/query.hpp"

#include "services/mime/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace portico;

void require(bool holds)
{
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto zone = catalog::parse_zone(text);
    const auto query = catalog::parse_query(text, zone.value_or(catalog::Zone{}));
    catalog::Facts facts;
    facts.text = catalog::clean(text);
    facts.subject = mime::lower(text);
    facts.to = facts.text + "\n";
    require(catalog::clean(facts.text) == facts.text);
    bool all = true;
    for (auto term : query.terms) {
        require(mime::is_utf8(term.value));
        const bool holds = catalog::matches(term, facts);
        all = all && holds;
        term.negated = !term.negated;
        require(catalog::matches(term, facts) != holds);
    }
    require(catalog::matches(query, facts) == all);
    if (const auto pinned = catalog::pinned_recipient(query)) require(!pinned->part.empty());
    return 0;
}
