#include "services/catalog/prepare.hpp"

#include "services/catalog/octets.hpp"
#include "services/mail/checksum.hpp"
#include "services/mime/message.hpp"
#include "services/mime/utf8.hpp"

namespace portico::catalog {

std::uint64_t Settings::number() const
{
    std::string all{host_name};
    all += '\n';
    put(all, std::uint64_t{search_text});
    put(all, static_cast<std::uint32_t>(tags.plus_addresses << 1 | int{tags.x_tags}));
    mail::Checksum checksum;
    checksum.add(all);
    return checksum.value();
}

Prepared prepare(const mail::Arrival& arrival, std::string_view source, const Settings& settings)
{
    const auto message = mime::parse(source, mime::Detail::outline);
    Prepared prepared;
    auto& head = prepared.head;
    head.key = arrival.key;
    head.entry = make_entry({.id = arrival.id,
                             .created = arrival.received,
                             .size = arrival.size,
                             .username = mime::scrub(arrival.username),
                             .return_path = mime::scrub(arrival.reverse_path),
                             .recipients = arrival.recipients},
                            message, settings.host_name, tags_of(message, settings.tags));
    shorten(head.entry);
    head.facts = make_facts(head.entry, message, settings.search_text);
    prepared.text = std::move(head.facts.text);
    return prepared;
}

} // namespace portico::catalog
