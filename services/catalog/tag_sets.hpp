#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace portico::catalog {

/// Tags, and how many messages have them.
using TagCounts = std::vector<std::pair<std::string, std::uint64_t>>;

/// The tags of messages, each combination kept once, by number; 0 is that of no tags. A number
/// holds as long as it is taken more often than it was released.
class TagSets {
public:
    using Number = std::uint32_t;

    TagSets() { (void)take({}); }

    /// The number of `tags`, which are cleaned and sorted (clean_tags).
    Number take(const std::vector<std::string>& tags);
    void release(Number number);

    const std::vector<std::string>& spelled(Number number) const { return sets_[number].tags; }
    const std::vector<std::string>& lower(Number number) const { return sets_[number].lower; }
    /// Each tag with how many times sets with it are taken, sorted without case. Of spellings that
    /// differ in case the first. Made anew only when it has changed.
    std::shared_ptr<const TagCounts> counts() const;
    /// Of numbers that were given; those not taken (any more) have no tags.
    std::size_t size() const { return sets_.size(); }

private:
    struct Tag {
        std::string spelling;
        std::uint64_t taken = 0;
    };
    struct Set {
        std::vector<std::string> tags = {};
        std::vector<std::string> lower = {};
        std::uint64_t taken = 0;
    };

    std::vector<Set> sets_;
    std::vector<Number> free_;
    std::map<std::vector<std::string>, Number> numbers_;
    std::map<std::string, Tag> by_name_; // in lower case
    mutable std::shared_ptr<const TagCounts> counts_;
};

} // namespace portico::catalog
