#pragma once

#include "services/mail/store.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace portico::catalog::test {

/// A store in memory, which tells its watchers as the real one does. Safe from every thread.
class FakeStore final : public mail::Store {
public:
    struct Kept {
        mail::Arrival arrival;
        std::string source;
        mail::Marks marks;
    };

    static std::string id_of(std::int64_t key)
    {
        const auto digits = std::to_string(key);
        return std::string(22 - digits.size(), '0') + digits;
    }

    /// What was committed, without a word about it if `told` is false: as if nobody had listened.
    std::string deliver(std::int64_t key, std::string source, bool told = true)
    {
        const std::lock_guard lock{mutex_};
        mail::Arrival arrival{.key = key,
                              .id = id_of(key),
                              .received =
                                  std::chrono::sys_time<std::chrono::milliseconds>{
                                      std::chrono::milliseconds{key * 10'000'000}},
                              .size = source.size(),
                              .reverse_path = "bounce@example.net",
                              .recipients = {"blind@x.org"},
                              .mailboxes = {"blind@x.org"},
                              .username = key % 2 == 0 ? "ana" : ""};
        kept_.insert_or_assign(key, Kept{arrival, std::move(source), {.key = key}});
        if (told)
            for (auto* watcher : watchers_) watcher->arrived({&arrival, 1});
        return arrival.id;
    }

    void take_away(const std::vector<std::int64_t>& keys, mail::Cause cause, bool told = true)
    {
        const std::lock_guard lock{mutex_};
        for (const auto key : keys) kept_.erase(key);
        if (told)
            for (auto* watcher : watchers_) watcher->removed(keys, cause);
    }

    void mark_now(std::int64_t key, std::optional<bool> read,
                  std::optional<std::vector<std::string>> tags)
    {
        const std::lock_guard lock{mutex_};
        auto& marks = kept_.at(key).marks;
        if (read) marks.read = *read;
        if (tags) marks.tags = std::move(tags);
        for (auto* watcher : watchers_) watcher->marked({&marks, 1});
    }

    std::size_t reads() const
    {
        const std::lock_guard lock{mutex_};
        return reads_;
    }
    void fail(bool fails)
    {
        const std::lock_guard lock{mutex_};
        fails_ = fails;
    }

    // mail::Store
    Answer<std::vector<mail::Arrival>> arrivals(std::int64_t after, std::size_t most) override
    {
        const std::lock_guard lock{mutex_};
        if (fails_) co_return std::unexpected(mail::StoreError::failing);
        std::vector<mail::Arrival> found;
        for (auto at = kept_.upper_bound(after); at != kept_.end() && found.size() < most; ++at)
            found.push_back(at->second.arrival);
        co_return found;
    }
    Answer<std::vector<std::int64_t>> keys() override
    {
        const std::lock_guard lock{mutex_};
        if (fails_) co_return std::unexpected(mail::StoreError::failing);
        std::vector<std::int64_t> found;
        for (const auto& one : kept_) found.push_back(one.first);
        co_return found;
    }
    Answer<std::vector<mail::Marks>> marks() override
    {
        const std::lock_guard lock{mutex_};
        std::vector<mail::Marks> found;
        for (const auto& [key, one] : kept_)
            if (one.marks.read || one.marks.tags) found.push_back(one.marks);
        co_return found;
    }
    std::optional<std::int64_t> key_of(std::string_view id) const override
    {
        const std::lock_guard lock{mutex_};
        if (id.size() != 22) return std::nullopt;
        return std::stoll(std::string{id});
    }
    Answer<void> mark(std::vector<std::string> ids, std::optional<bool> read,
                      std::optional<std::vector<std::string>> tags) override
    {
        for (const auto& id : ids) mark_now(*key_of(id), read, tags);
        co_return std::expected<void, mail::StoreError>{};
    }
    std::unique_ptr<mail::Reading> read(const mail::Message& message) override
    {
        const std::lock_guard lock{mutex_};
        ++reads_;
        const auto found = kept_.find(message.key);
        if (found == kept_.end()) return std::make_unique<FakeReading>(std::nullopt);
        return std::make_unique<FakeReading>(found->second.source);
    }
    void watch(mail::Watcher& watcher) override
    {
        const std::lock_guard lock{mutex_};
        watchers_.push_back(&watcher);
    }
    void unwatch(mail::Watcher& watcher) override
    {
        const std::lock_guard lock{mutex_};
        std::erase(watchers_, &watcher);
    }

    // What a catalog has no need of.
    std::unique_ptr<mail::Draft> begin(mail::Envelope) override { throw std::logic_error("begin"); }
    net::Task<std::expected<std::unique_ptr<mail::Maildrop>, mail::StoreError>>
    open(std::string) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }
    Answer<std::vector<mail::Summary>> list(std::string, std::size_t) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }
    Answer<mail::Message> find(std::string) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }
    Answer<void> remove(std::string) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }

private:
    /// In pieces of 1,000 octets.
    class FakeReading final : public mail::Reading {
    public:
        explicit FakeReading(std::optional<std::string> left) : left_{std::move(left)} {}
        net::Task<std::expected<std::string, mail::StoreError>> next() override
        {
            if (!left_) co_return std::unexpected(mail::StoreError::gone);
            auto piece = left_->substr(0, 1000);
            left_->erase(0, piece.size());
            co_return piece;
        }

    private:
        std::optional<std::string> left_;
    };

    mutable std::mutex mutex_;
    std::map<std::int64_t, Kept> kept_;
    std::vector<mail::Watcher*> watchers_;
    std::size_t reads_ = 0;
    bool fails_ = false;
};

} // namespace portico::catalog::test
