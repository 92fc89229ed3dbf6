#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace portico::mail {

/// The memory that many may hold together: all drafts and queued deliveries (`[mail] queue_bytes`),
/// all that is read ahead (`read_ahead_bytes`). Nobody ever waits for it: who gets none does
/// without (a draft writes to a file instead, so half-finished ones cannot keep each other from
/// finishing). Safe from every thread.
class Budget {
public:
    explicit Budget(std::uint64_t bytes) : left_{bytes} {}

    bool take(std::uint64_t bytes)
    {
        auto left = left_.load(std::memory_order_relaxed);
        do {
            if (left < bytes) return false;
        } while (!left_.compare_exchange_weak(left, left - bytes, std::memory_order_relaxed));
        return true;
    }
    void give(std::uint64_t bytes) { left_.fetch_add(bytes, std::memory_order_relaxed); }
    std::uint64_t left() const { return left_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> left_;
};

/// Octets in memory, counted against a budget, which outlives them.
class Buffer {
public:
    explicit Buffer(Budget& budget) : budget_{&budget} {}
    ~Buffer() { clear(); }
    Buffer(Buffer&& other) noexcept : budget_{other.budget_}, bytes_{std::move(other.bytes_)} {}
    Buffer& operator=(Buffer&&) = delete;

    /// False, and nothing is changed, if that would make more than `most` or the budget is spent.
    bool append(std::string_view bytes, std::size_t most)
    {
        auto size = bytes_.size() + bytes.size();
        if (size > most) return false;
        if (size > bytes_.capacity()) {
            auto capacity = std::min(most, std::max(size, 2 * bytes_.capacity()));
            if (!budget_->take(capacity - bytes_.capacity())) return false;
            bytes_.reserve(capacity);
        }
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return true;
    }

    /// Makes it empty but keeps the memory.
    void rewind() { bytes_.clear(); }

    void clear()
    {
        budget_->give(bytes_.capacity());
        bytes_ = std::vector<char>{};
    }

    std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

private:
    Budget* budget_;
    std::vector<char> bytes_; // reserve() is exact, unlike a string's
};

} // namespace portico::mail
