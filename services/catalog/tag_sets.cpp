#include "services/catalog/tag_sets.hpp"

#include "services/mime/utf8.hpp"

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
    for (std::size_t i = 0; i < tags.size(); ++i) {
        auto& tag = by_name_.try_emplace(set.lower[i], Tag{tags[i]}).first->second;
        ++tag.taken;
    }
    if (!tags.empty()) counts_ = nullptr;
    return at->second;
}

void TagSets::release(Number number)
{
    auto& set = sets_[number];
    for (const auto& name : set.lower) {
        const auto tag = by_name_.find(name);
        if (--tag->second.taken == 0) by_name_.erase(tag);
    }
    if (!set.lower.empty()) counts_ = nullptr;
    if (number == 0 || --set.taken > 0) return;
    numbers_.erase(set.tags);
    set = {};
    free_.push_back(number);
}

std::shared_ptr<const TagCounts> TagSets::counts() const
{
    if (counts_) return counts_;
    auto counts = std::make_shared<TagCounts>();
    counts->reserve(by_name_.size());
    for (const auto& [name, tag] : by_name_) counts->emplace_back(tag.spelling, tag.taken);
    counts_ = std::move(counts);
    return counts_;
}

} // namespace portico::catalog
