#pragma once

#include "services/mail/budget.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace portico::mail {

/// Small messages of one session, in memory before they are asked for: a client that asked for
/// one asks for the next. They begin with one at an index and follow each other in the maildrop.
/// Their memory is counted against a budget, which outlives this; who gets none has no message
/// read ahead. Knows no store; one thread at a time.
class ReadAhead {
public:
    static constexpr std::size_t most = 64 << 10; // octets

    explicit ReadAhead(Budget& budget) : bytes_{budget} {}

    /// Forgets what is there; from now on `index` and what follows it is added. How many octets
    /// are worth reading: of the first only, until a session asks in the order of the maildrop.
    std::size_t begin(std::size_t index)
    {
        const auto next = first_ + ends_.size();
        // One that was not for here, larger or not ASCII, may have stood between.
        const bool in_order = wanted_ != 0 && (index == next || index == next + 1);
        wanted_ = in_order ? std::min(most, std::max(most / 4, 2 * wanted_)) : 1;
        first_ = index;
        ends_.clear();
        bytes_.rewind();
        return wanted_;
    }

    /// Adds the message behind the last; false if it does not go in.
    bool add(std::string_view message)
    {
        if (!bytes_.append(message, most)) return false;
        ends_.push_back(static_cast<std::uint32_t>(bytes_.view().size()));
        return true;
    }

    bool empty() const { return ends_.empty(); }

    /// The message at `index`, valid until the next begin() or clear(); nothing if it is not here.
    std::optional<std::string_view> find(std::size_t index) const
    {
        if (index < first_ || index - first_ >= ends_.size()) return std::nullopt;
        const auto place = index - first_;
        const auto start = place == 0 ? 0 : ends_[place - 1];
        return bytes_.view().substr(start, ends_[place] - start);
    }

    /// Gives the memory back.
    void clear()
    {
        ends_ = {};
        bytes_.clear();
    }

private:
    std::size_t first_ = 0;
    std::size_t wanted_ = 0;
    std::vector<std::uint32_t> ends_;
    Buffer bytes_;
};

} // namespace portico::mail
