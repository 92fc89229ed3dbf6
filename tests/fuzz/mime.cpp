// Any octets are a message: its documents are whole and in UTF-8, and what is listed can be
// fetched.

#include "services/catalog/tags.hpp"
#include "services/console/json.hpp"
#include "services/mime/message.hpp"
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

void check_texts(const console::Json& json)
{
    require(!json.is_null());
    if (json.is_string()) require(mime::is_utf8(json.get_ref<const std::string&>()));
    if (json.is_structured())
        for (const auto& member : json) check_texts(member);
}

void check_parts(std::string_view source, const std::vector<mime::Part>& parts,
                 const mime::Limits& limits)
{
    if (parts.size() > 20) return; // each looks through all of it
    for (const auto& listed : parts) {
        const auto part = mime::part(source, listed.id, limits);
        require(part && part->octets.size() == listed.size);
        require(part->content_type == listed.content_type && part->file_name == listed.file_name);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view source{reinterpret_cast<const char*>(data), size};
    const mime::Limits limits{.parts = 50, .depth = 5};
    const auto structure = mime::split(source, limits);
    require(!structure.nodes.empty() && structure.nodes.size() <= limits.parts);
    const auto message = mime::parse(source, mime::Detail::whole, limits);
    const auto entry = catalog::make_entry({.id = "id", .recipients = {"ana@example.net"}}, message,
                                           "host", catalog::tags_of(message, {}));
    check_texts(console::entry_document(entry));
    check_texts(console::message_document(entry, message));
    check_texts(console::headers_document(message));
    require(entry.snippet.size() <= 203);
    const auto facts = catalog::make_facts(entry, message);
    require(mime::is_utf8(facts.text) && catalog::clean(facts.text) == facts.text);
    check_parts(source, message.inlines, limits);
    check_parts(source, message.attachments, limits);
    const auto outline = mime::parse(source, mime::Detail::outline, limits);
    require(outline.text == message.text && outline.html == message.html);
    require(outline.attachments.size() == message.attachments.size());
    return 0;
}
