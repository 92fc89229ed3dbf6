#include "services/catalog/tag_sets.hpp"

#include "services/mime/utf8.hpp"

#include <algorithm>

namespace portico::catalog {

TagSets::Number TagSets::take(const std::vector<std::string>& tags)
{
    const auto [at, is_new] = numbers_.try_emplace(tags, static_cast<Number>(sets_.size()));
    if (is_new && !free_.empty()) {
        at->second = free_.back();
        free_.pop_back();
    } else if (is_new) {
        sets_.emplace_back();
    }
    auto& set = sets_[at->second];
    if (is_new) {
        set.tags = tags;
        for (const auto& tag : tags) set.lower.push_back(mime::ascii_lower(tag));
    }
    ++set.taken;
    return at->second;
}

void TagSets::release(Number number)
{
    auto& set = sets_[number];
    if (number == 0 || --set.taken > 0) return;
    numbers_.erase(set.tags);
    set = {};
    free_.push_back(number);
}

std::vector<std::pair<std::string, std::uint64_t>> TagSets::counts() const
{
    std::map<std::string, std::map<std::string, std::uint64_t>> by_name; // in lower case
    for (const auto& set : sets_)
        for (std::size_t i = 0; i < set.tags.size(); ++i)
            by_name[set.lower[i]][set.tags[i]] += set.taken;
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    for (const auto& [name, spellings] : by_name) {
        std::uint64_t all = 0;
        for (const auto& spelling : spellings) all += spelling.second;
        const auto most = std::ranges::max_element(
            spellings, {}, [](const auto& spelling) { return spelling.second; });
        counts.emplace_back(most->first, all);
    }
    return counts;
}

} // namespace portico::catalog
