#include "services/mime/message.hpp"

#include "services/mime/checksums.hpp"
#include "services/mime/html_text.hpp"
#include "services/mime/selection.hpp"
#include "services/mime/utf8.hpp"
#include "services/mime/words.hpp"

#include <algorithm>

namespace portico::mime {

namespace {

// RFC 5322 section 3.6: a list comes once; mailers send several all the same.
std::vector<Address> addresses(const Header& header, std::string_view name)
{
    std::vector<Address> all;
    for (const auto& field : header.fields) {
        if (!equals_ignoring_case(field.name, name)) continue;
        auto more = parse_addresses(field.value);
        all.insert(all.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    }
    return all;
}

// RFC 5322 section 3.6.4: one msg-id, in angle brackets.
std::string message_id(std::string_view value)
{
    const auto start = value.find('<');
    if (start == value.npos) return std::string{trim(value)};
    value.remove_prefix(start + 1);
    return std::string{trim(value.substr(0, value.find('>')))};
}

const std::string& name_of(const Node& node)
{
    return node.file_name.empty() ? node.content_id : node.file_name;
}

std::vector<Part> listed(const std::vector<const Node*>& nodes, Detail detail)
{
    std::vector<Part> parts;
    for (const auto* node : nodes) {
        if (name_of(*node).empty()) continue;
        Part part{node->id, name_of(*node), node->content_type, node->content_id};
        if (detail == Detail::whole) {
            const auto octets = content(*node);
            part.size = octets.size();
            part.checksums = checksums(octets);
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

void read_header(const Header& header, Message& message)
{
    message.from = parse_from(header["From"]);
    message.to = addresses(header, "To");
    message.cc = addresses(header, "Cc");
    message.bcc = addresses(header, "Bcc");
    message.reply_to = addresses(header, "Reply-To");
    message.subject = decode_words(header["Subject"]);
    message.message_id = message_id(header["Message-ID"]);
    message.date = parse_date(header["Date"]);
    if (const auto* field = header.find("List-Unsubscribe"))
        message.list_unsubscribe =
            parse_list_unsubscribe(field->value, header["List-Unsubscribe-Post"]);
}

void read_bodies(const std::vector<Node>& nodes, Detail detail, Message& message)
{
    const auto selection = select(nodes);
    message.has_html = selection.html != nullptr;
    if (selection.html != nullptr) message.html = content(*selection.html);
    for (const auto* node : selection.text) {
        if (node != selection.text.front()) message.text += "\n--\n";
        message.text += content(*node);
    }
    if (message.text.empty() && message.has_html) message.text = html_to_text(message.html);
    message.has_inline = std::ranges::any_of(nodes, [](const Node& n) {
        return n.disposition == Disposition::inline_ && !n.is_multipart;
    });
    message.inlines = listed(selection.inlines, detail);
    message.attachments = listed(selection.attachments, detail);
}

} // namespace

std::string_view Message::operator[](std::string_view name) const
{
    const auto found = std::ranges::find_if(
        fields, [&](const Field& field) { return equals_ignoring_case(field.name, name); });
    return found == fields.end() ? std::string_view{} : found->value;
}

Message parse(std::string_view source, Detail detail, const Limits& limits)
{
    auto structure = split(source, limits);
    Message message;
    read_header(structure.header, message);
    read_bodies(structure.nodes, detail, message);
    message.fields = std::move(structure.header.fields);
    return message;
}

std::optional<Content> part(std::string_view source, std::string_view id, const Limits& limits)
{
    const auto structure = split(source, limits);
    const auto found = std::ranges::find(structure.nodes, id, &Node::id);
    if (found == structure.nodes.end() || found->is_multipart) return std::nullopt;
    return Content{found->content_type, name_of(*found), content(*found)};
}

} // namespace portico::mime
