#include "services/catalog/entry.hpp"

#include "services/mime/html_text.hpp"
#include "services/mime/utf8.hpp"

#include <algorithm>
#include <unordered_set>

namespace portico::catalog {

namespace {

using Addresses = std::vector<mime::Address>;

/// One address a line, as `clean` makes it.
std::string haystack(const Addresses& addresses)
{
    std::string lines;
    for (const auto& address : addresses)
        lines += clean(address.name + " <" + address.address + ">") + "\n";
    return lines;
}

Addresses blind_copies(const mime::Message& message, const std::vector<std::string>& recipients)
{
    auto blind = message.bcc;
    std::unordered_set<std::string> seen;
    for (const auto* list : {&message.to, &message.cc, &message.bcc})
        for (const auto& address : *list) seen.insert(mime::lower(address.address));
    for (const auto& recipient : recipients)
        if (seen.insert(mime::lower(recipient)).second)
            blind.push_back({.address = mime::scrub(recipient)});
    return blind;
}

std::string search_text(const Entry& entry, const mime::Message& message, std::size_t most)
{
    std::string text;
    const auto add = [&](std::string_view more) {
        text += more;
        text += '\n';
    };
    add(haystack({entry.from}));
    add(entry.subject);
    for (const auto* list : {&entry.to, &entry.cc, &entry.bcc, &entry.reply_to})
        add(haystack(*list));
    add(entry.arrival.return_path);
    // Mark-up and blanks leave more than they are.
    const auto body = mime::cut(message.has_html ? message.html : message.text, 8 * most);
    if (message.has_html)
        add(mime::html_to_words(body, true));
    else
        add(body);
    for (const auto& part : message.attachments) add(part.file_name);
    auto cleaned = clean(text);
    cleaned.resize(mime::cut(cleaned, most).size());
    if (cleaned.ends_with(' ')) cleaned.pop_back();
    return cleaned;
}

} // namespace

Entry make_entry(Arrival arrival, const mime::Message& message, std::string_view host_name,
                 std::vector<std::string> tags)
{
    Entry entry{
        .arrival = std::move(arrival),
        .message_id = message.message_id,
        .from = message.from,
        .to = message.to,
        .cc = message.cc,
        .bcc = {},
        .reply_to = message.reply_to,
        .subject = message.subject,
        .tags = std::move(tags),
        .attachments = message.attachments.size(),
        .snippet = mime::snippet(message.html, message.text),
    };
    entry.bcc = blind_copies(message, entry.arrival.recipients);
    if (entry.message_id.empty())
        entry.message_id = entry.arrival.id + "@" + std::string{host_name};
    return entry;
}

Facts make_facts(const Entry& entry, const mime::Message& message, std::size_t most_text)
{
    Facts facts{
        .from = haystack({entry.from}),
        .to = haystack(entry.to),
        .cc = haystack(entry.cc),
        .bcc = haystack(entry.bcc),
        .reply_to = haystack(entry.reply_to),
        .subject = mime::lower(entry.subject),
        .message_id = mime::lower(entry.message_id),
        .tags = {},
        .read = entry.arrival.read,
        .attachments = entry.attachments > 0,
        .inlines = message.has_inline,
        .created = entry.arrival.created,
        .size = entry.arrival.size,
        .text = search_text(entry, message, most_text),
    };
    for (const auto& tag : entry.tags) facts.tags.push_back(mime::lower(tag));
    return facts;
}

} // namespace portico::catalog
