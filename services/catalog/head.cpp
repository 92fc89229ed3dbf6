#include "services/catalog/head.hpp"

#include "services/catalog/octets.hpp"
#include "services/mail/checksum.hpp"
#include "services/mime/utf8.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace portico::catalog {

namespace {

using Addresses = std::vector<mime::Address>;
using std::chrono::milliseconds;

constexpr std::size_t longest_text = 16 << 10, most_of_addresses = 256 << 10, most_tags = 100;
constexpr std::size_t ends_at = 64, facts_at = smallest_head;

std::uint64_t checksum_of(std::string_view record)
{
    mail::Checksum checksum;
    checksum.add(record.substr(0, 8));
    checksum.add(record.substr(16));
    return checksum.value();
}

void put_text(std::string& record, std::string_view text)
{
    put(record, static_cast<std::uint32_t>(text.size()));
    record += text;
}

void put_address(std::string& record, const mime::Address& address)
{
    put_text(record, address.name);
    put_text(record, address.address);
}

void put_entry(std::string& record, const Entry& entry)
{
    put(record, static_cast<std::uint32_t>(entry.tags.size()));
    for (const auto& tag : entry.tags) put_text(record, tag);
    put_text(record, entry.arrival.id);
    put_text(record, entry.arrival.username);
    put_text(record, entry.arrival.return_path);
    put_text(record, entry.message_id);
    put_text(record, entry.subject);
    put_text(record, entry.snippet);
    put_address(record, entry.from);
    for (const auto* list : {&entry.to, &entry.cc, &entry.bcc, &entry.reply_to}) {
        put(record, static_cast<std::uint32_t>(list->size()));
        for (const auto& address : *list) put_address(record, address);
    }
}

/// Takes texts and lists from the front; past what is there it gives empty ones and has failed.
class Taker {
public:
    explicit Taker(std::string_view rest) : rest_{rest} {}

    bool failed() const { return failed_; }
    bool at_end() const { return rest_.empty(); }

    std::string text()
    {
        const auto size = count(1);
        std::string taken{rest_.substr(0, size)};
        rest_.remove_prefix(size);
        return taken;
    }

    mime::Address address()
    {
        auto name = text();
        return {.name = std::move(name), .address = text()};
    }

    Addresses addresses()
    {
        Addresses list;
        for (auto left = count(8); left > 0 && !failed_; --left) list.push_back(address());
        return list;
    }

    std::vector<std::string> texts()
    {
        std::vector<std::string> list;
        for (auto left = count(4); left > 0 && !failed_; --left) list.push_back(text());
        return list;
    }

private:
    /// A number of things of at least `each` octets, which are all there.
    std::size_t count(std::size_t each)
    {
        failed_ |= rest_.size() < 4;
        if (failed_) return 0;
        const std::size_t number = get<std::uint32_t>(rest_, 0);
        rest_.remove_prefix(4);
        failed_ |= number > rest_.size() / each;
        return failed_ ? 0 : number;
    }

    std::string_view rest_;
    bool failed_ = false;
};

Entry take_entry(Taker& taker)
{
    Entry entry;
    entry.tags = taker.texts();
    entry.arrival.id = taker.text();
    entry.arrival.username = taker.text();
    entry.arrival.return_path = taker.text();
    entry.message_id = taker.text();
    entry.subject = taker.text();
    entry.snippet = taker.text();
    entry.from = taker.address();
    for (auto* list : {&entry.to, &entry.cc, &entry.bcc, &entry.reply_to})
        *list = taker.addresses();
    return entry;
}

void cut(std::string& text, std::size_t most = longest_text)
{
    text.resize(mime::cut(text, most).size());
}

} // namespace

std::string encode(const Head& head)
{
    const auto& facts = head.facts;
    const std::array texts{&facts.from,     &facts.to,      &facts.cc,        &facts.bcc,
                           &facts.reply_to, &facts.subject, &facts.message_id};
    std::string record(16, '\0');
    put(record, head.key);
    put(record, static_cast<std::int64_t>(facts.created.time_since_epoch().count()));
    put(record, facts.size);
    put(record, head.text.offset);
    put(record, head.text.checksum);
    put(record, head.text.size);
    put(record, static_cast<std::uint32_t>(head.entry.attachments));
    std::uint32_t end = 0;
    for (const auto* text : texts) put(record, end += static_cast<std::uint32_t>(text->size()));
    for (const auto* text : texts) record += *text;
    put_entry(record, head.entry);

    std::string front;
    put(front, static_cast<std::uint32_t>(record.size()));
    put(front, std::uint32_t{facts.inlines});
    record.replace(0, front.size(), front);
    front.clear();
    put(front, checksum_of(record));
    record.replace(8, front.size(), front);
    return record;
}

std::optional<HeadView> HeadView::at(std::string_view octets)
{
    if (octets.size() < smallest_head) return std::nullopt;
    const std::size_t size = get<std::uint32_t>(octets, 0);
    if (size < smallest_head || size > largest_head || size > octets.size()) return std::nullopt;
    std::size_t end = 0;
    for (std::size_t i = 0; i < fact_fields; ++i) {
        const std::size_t next = get<std::uint32_t>(octets, ends_at + 4 * i);
        if (next < end) return std::nullopt;
        end = next;
    }
    if (end > size - facts_at) return std::nullopt;
    return HeadView{octets.substr(0, size)};
}

std::int64_t HeadView::key() const
{
    return get<std::int64_t>(octets_, 16);
}

std::chrono::sys_time<milliseconds> HeadView::created() const
{
    return std::chrono::sys_time<milliseconds>{milliseconds{get<std::int64_t>(octets_, 24)}};
}

std::uint64_t HeadView::message_size() const
{
    return get<std::uint64_t>(octets_, 32);
}

TextPlace HeadView::text() const
{
    return {.offset = get<std::uint64_t>(octets_, 40),
            .size = get<std::uint32_t>(octets_, 56),
            .checksum = get<std::uint64_t>(octets_, 48)};
}

std::uint32_t HeadView::attachments() const
{
    return get<std::uint32_t>(octets_, 60);
}

bool HeadView::inlines() const
{
    return (get<std::uint32_t>(octets_, 4) & 1) != 0;
}

std::string_view HeadView::fact(FactField field) const
{
    const auto index = static_cast<std::size_t>(field);
    const std::size_t from = index == 0 ? 0 : get<std::uint32_t>(octets_, ends_at + 4 * index - 4);
    const std::size_t to = get<std::uint32_t>(octets_, ends_at + 4 * index);
    return octets_.substr(facts_at + from, to - from);
}

std::string_view HeadView::entry() const
{
    return octets_.substr(facts_at + get<std::uint32_t>(octets_, ends_at + 4 * (fact_fields - 1)));
}

std::vector<std::string> HeadView::tags() const
{
    return Taker{entry()}.texts();
}

bool HeadView::is_whole() const
{
    return get<std::uint64_t>(octets_, 8) == checksum_of(octets_);
}

std::optional<Head> decode(std::string_view octets)
{
    const auto view = HeadView::at(octets);
    if (!view || !view->is_whole()) return std::nullopt;
    Taker taker{view->entry()};
    Head head{.key = view->key(), .entry = take_entry(taker), .text = view->text()};
    if (taker.failed() || !taker.at_end()) return std::nullopt;
    head.entry.attachments = view->attachments();
    head.entry.arrival.created = view->created();
    head.entry.arrival.size = view->message_size();

    auto& facts = head.facts;
    std::size_t field = 0;
    for (auto* text : {&facts.from, &facts.to, &facts.cc, &facts.bcc, &facts.reply_to,
                       &facts.subject, &facts.message_id})
        *text = view->fact(static_cast<FactField>(field++));
    facts.attachments = head.entry.attachments > 0;
    facts.inlines = view->inlines();
    facts.created = view->created();
    facts.size = view->message_size();
    return head;
}

void shorten(Entry& entry)
{
    for (auto* text : {&entry.arrival.username, &entry.arrival.return_path, &entry.message_id,
                       &entry.subject, &entry.snippet, &entry.from.name, &entry.from.address})
        cut(*text);
    std::size_t left = most_of_addresses;
    for (auto* list : {&entry.to, &entry.cc, &entry.bcc, &entry.reply_to}) {
        std::size_t kept = 0;
        for (auto& address : *list) {
            cut(address.name);
            cut(address.address);
            const auto size = address.name.size() + address.address.size() + 8;
            if (size > left) break;
            left -= size;
            ++kept;
        }
        list->resize(kept);
    }
    if (entry.tags.size() > most_tags) entry.tags.resize(most_tags);
}

} // namespace portico::catalog
