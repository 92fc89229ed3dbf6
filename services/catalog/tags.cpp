#include "services/catalog/tags.hpp"

#include "services/mime/utf8.hpp"
#include "services/mime/words.hpp"

#include <algorithm>

namespace portico::catalog {

namespace {

constexpr std::size_t longest_tag = 100;

bool is_allowed(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"._@-"}.find(c) != std::string_view::npos;
}

void add_split(std::vector<std::string>& tags, std::string_view text, char separator)
{
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        tags.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void add_from_address(std::vector<std::string>& tags, std::string_view address)
{
    const auto at = std::min(address.rfind('@'), address.size());
    const auto plus = address.substr(0, at).find('+');
    if (plus != address.npos) add_split(tags, address.substr(plus + 1, at - plus - 1), '+');
}

} // namespace

std::string clean_tag(std::string_view text)
{
    std::string tag;
    for (char c : text) {
        if (is_allowed(c))
            tag += c;
        else if (!tag.empty() && tag.back() != ' ')
            tag += ' ';
    }
    return std::string{mime::trim(std::string_view{tag}.substr(0, longest_tag))};
}

std::vector<std::string> clean_tags(const std::vector<std::string>& tags)
{
    std::vector<std::pair<std::string, std::string>> keyed; // in lower case, as it is spelled
    for (const auto& tag : tags)
        if (auto clean = clean_tag(tag); !clean.empty())
            keyed.emplace_back(mime::ascii_lower(clean), std::move(clean));
    const auto key = &std::pair<std::string, std::string>::first;
    std::ranges::stable_sort(keyed, {}, key);
    std::vector<std::string> result;
    for (std::size_t i = 0; i < keyed.size(); ++i)
        if (i == 0 || keyed[i].first != keyed[i - 1].first)
            result.push_back(std::move(keyed[i].second));
    return result;
}

std::vector<std::string> tags_of(const mime::Message& message, const TagSources& sources)
{
    std::vector<std::string> tags;
    if (sources.x_tags) add_split(tags, mime::decode_words(message["X-Tags"]), ',');
    if (sources.plus_addresses) {
        for (const auto* list : {&message.to, &message.cc, &message.bcc})
            for (const auto& address : *list) add_from_address(tags, address.address);
        add_from_address(tags, message.from.address);
    }
    return clean_tags(tags);
}

} // namespace portico::catalog
