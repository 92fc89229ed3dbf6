#include "services/console/json.hpp"

#include <fmt/format.h>

#include <map>

namespace portico::console {

namespace {

Json parts(const std::vector<mime::Part>& parts)
{
    auto array = Json::array();
    for (const auto& part : parts) array.push_back(to_json(part));
    return array;
}

Json strings(const std::vector<std::string>& texts)
{
    auto array = Json::array();
    for (const auto& text : texts) array.push_back(text);
    return array;
}

/// What an entry of a list and a message as a whole have in common.
Json common(const Entry& entry)
{
    return {
        {"ID", entry.arrival.id},
        {"MessageID", entry.message_id},
        {"From", to_json(entry.from)},
        {"To", to_json(entry.to)},
        {"Cc", to_json(entry.cc)},
        {"Bcc", to_json(entry.bcc)},
        {"ReplyTo", to_json(entry.reply_to)},
        {"Subject", entry.subject},
        {"Username", entry.arrival.username},
        {"Tags", strings(entry.tags)},
        {"Size", entry.arrival.size},
    };
}

Json to_json(const mime::ListUnsubscribe& list)
{
    return {
        {"Header", list.header},
        {"Links", strings(list.links)},
        {"Errors", list.errors},
        {"HeaderPost", list.header_post},
    };
}

} // namespace

std::string to_text(const Json& json)
{
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json to_json(const mime::Address& address)
{
    return {{"Name", address.name}, {"Address", address.address}};
}

Json to_json(const std::vector<mime::Address>& addresses)
{
    auto array = Json::array();
    for (const auto& address : addresses) array.push_back(to_json(address));
    return array;
}

Json to_json(const mime::Part& part)
{
    return {
        {"PartID", part.id},
        {"FileName", part.file_name},
        {"ContentType", part.content_type},
        {"ContentID", part.content_id},
        {"Size", part.size},
        {"Checksums",
         {{"MD5", part.checksums.md5},
          {"SHA1", part.checksums.sha1},
          {"SHA256", part.checksums.sha256}}},
    };
}

Json entry_document(const Entry& entry)
{
    auto json = common(entry);
    json["Read"] = entry.arrival.read;
    json["Created"] = created_text(entry.arrival.created);
    json["Attachments"] = entry.attachments; // a number here, a list in the message
    json["Snippet"] = entry.snippet;
    return json;
}

Json message_document(const Entry& entry, const mime::Message& message)
{
    auto json = common(entry);
    json["ReturnPath"] = entry.arrival.return_path;
    json["ListUnsubscribe"] = to_json(message.list_unsubscribe);
    json["Date"] = message.date ? to_rfc3339(*message.date) : created_text(entry.arrival.created);
    json["Text"] = message.text;
    json["HTML"] = message.html;
    json["Inline"] = parts(message.inlines);
    json["Attachments"] = parts(message.attachments);
    return json;
}

Json headers_document(const mime::Message& message)
{
    auto json = Json::object();
    for (const auto& field : message.fields)
        json[mime::canonical_name(field.name)].push_back(field.value);
    return json;
}

Json list_document(const Totals& totals, const std::vector<std::string>& tags,
                   const std::vector<Entry>& page)
{
    auto messages = Json::array();
    for (const auto& entry : page) messages.push_back(entry_document(entry));
    return {
        {"total", totals.total},
        {"unread", totals.unread},
        {"count", page.size()},
        {"messages_count", totals.messages_count},
        {"messages_unread", totals.messages_unread},
        {"start", totals.start},
        {"tags", strings(tags)},
        {"messages", std::move(messages)},
    };
}

std::string created_text(std::chrono::sys_time<std::chrono::milliseconds> time)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    auto text = mime::to_rfc3339({.time = seconds});
    const auto fraction = (time - seconds).count();
    if (fraction == 0) return text;
    text.pop_back(); // "Z"
    auto digits = fmt::format(".{:03}", fraction);
    while (digits.ends_with('0')) digits.pop_back();
    return text + digits + "Z";
}

} // namespace portico::console
