#pragma once

#include "services/catalog/head.hpp"
#include "services/catalog/needle.hpp"
#include "services/catalog/query.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portico::catalog {

/// A query with its terms apart by what it takes to decide them: the state of messages, which is in
/// memory, their records in `heads`, or their texts. All of them must hold.
class Plan {
public:
    using Time = std::chrono::sys_time<std::chrono::milliseconds>;

    explicit Plan(const Query& query, std::optional<Time> before = {});

    bool needs_heads() const { return before_ || !heads_.empty() || needs_texts(); }
    bool needs_texts() const { return !texts_.empty(); }

    /// `tags` in lower case.
    bool allows(bool read, const std::vector<std::string>& tags) const;
    bool allows(const HeadView& head) const;
    bool allows(std::string_view text) const;

    /// A text within a piece of `texts`.
    struct Text {
        std::size_t offset;
        std::size_t size;
    };
    /// Which of `texts` are allowed, as indices. They lie one behind the other in `piece`, with an
    /// octet between them that is in no term.
    std::vector<std::size_t> allowed(std::string_view piece, std::span<const Text> texts) const;

private:
    struct TextTerm {
        Needle needle;
        bool negated;
    };

    std::vector<Term> states_;
    std::vector<Term> heads_;
    std::vector<TextTerm> texts_; // the one that is likely to be there least comes first
    std::optional<Time> before_;
};

} // namespace portico::catalog
