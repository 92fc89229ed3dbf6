// Any octets are a record of the catalog's heads or none; one that is whole is written as it was
// read, and a search stays within it.

#include "services/catalog/head.hpp"
#include "services/catalog/octets.hpp"
#include "services/catalog/plan.hpp"
#include "services/mail/checksum.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace portico;

void require(bool holds)
{
    if (!holds) std::abort();
}

/// With the size and the checksum that it should have: or nothing would get past them.
std::string put_right(std::string_view octets)
{
    std::string record{octets};
    std::string front;
    catalog::put(front, static_cast<std::uint32_t>(record.size()));
    record.replace(0, 4, front);
    mail::Checksum checksum;
    checksum.add(std::string_view{record}.substr(0, 8));
    checksum.add(std::string_view{record}.substr(16));
    front.clear();
    catalog::put(front, checksum.value());
    record.replace(8, 8, front);
    return record;
}

void look(std::string_view octets)
{
    const auto view = catalog::HeadView::at(octets);
    if (!view) {
        require(!catalog::decode(octets));
        return;
    }
    require(view->size() <= octets.size());
    static const catalog::Plan plan{catalog::parse_query(
        "to:a -from:b addressed:c subject:d message-id:e larger:1 after:2000-01-01", {})};
    (void)plan.allows(*view);
    (void)view->tags();
    const auto head = catalog::decode(octets);
    if (!head) return;
    const auto again = catalog::decode(catalog::encode(*head));
    require(again && again->entry.subject == head->entry.subject &&
            again->entry.to == head->entry.to && again->entry.tags == head->entry.tags &&
            again->facts.to == head->facts.to && again->text == head->text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view octets{reinterpret_cast<const char*>(data), size};
    look(octets);
    if (size >= 16) look(put_right(octets));
    return 0;
}
